using Metering.Silo.Storage.Embedded;

namespace Metering.Storage.Tests.Embedded;

/// <summary>Holds the writer inside a transaction, so that what is asked meanwhile certainly waits, and shares the next one.</summary>
internal sealed class BlockedWriter : IAsyncDisposable
{
    private readonly ManualResetEvent _release = new(initialState: false);
    private Task _blocked = Task.CompletedTask;

    public static async Task<BlockedWriter> BlockAsync(EmbeddedDatabase database)
    {
        var writer = new BlockedWriter();
        var isBlocked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        writer._blocked = database.WriteAsync(
            WriteLane.Journal,
            bytes: 0,
            _ =>
            {
                isBlocked.TrySetResult();
                return writer._release.WaitOne();
            },
            CancellationToken.None);
        await isBlocked.Task;
        return writer;
    }

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
}
