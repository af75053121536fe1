using Metering.Silo.Storage.Embedded;

namespace Metering.Storage.Tests.Embedded;

/// <summary>Holds a writer in the midst of what it writes, so that what is asked meanwhile certainly waits, and is written together next.</summary>
internal sealed class BlockedWriter : IAsyncDisposable
{
    private readonly ManualResetEvent _release = new(initialState: false);
    private Task _blocked = Task.CompletedTask;

    /// <summary>The journal's.</summary>
    public static Task<BlockedWriter> BlockAsync(EmbeddedStore store) => BlockAsync(block => store.Journal.WriteAsync(bytes: 0, _ => block(), CancellationToken.None));

    /// <summary>The database's.</summary>
    public static Task<BlockedWriter> BlockDatabaseAsync(EmbeddedStore store) => BlockAsync(block => store.Database.WriteAsync(bytes: 0, _ => block(), CancellationToken.None));

    public async Task ReleaseAsync()
    {
        _release.Set();
        await _blocked;
    }

    public async ValueTask DisposeAsync()
    {
        await ReleaseAsync();
        _release.Dispose();
    }

    private static async Task<BlockedWriter> BlockAsync(Func<Func<bool>, Task> write)
    {
        var writer = new BlockedWriter();
        var isBlocked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        writer._blocked = write(() =>
        {
            isBlocked.TrySetResult();
            return writer._release.WaitOne();
        });
        await isBlocked.Task;
        return writer;
    }
}
