using Metering.Ledger.Archiving;
using Metering.Ledger.Segments;
using Metering.Ledger.States;

namespace Metering.Ledger.Tests.States;

public sealed class CopiedStateTests : IDisposable
{
    private static readonly DateTimeOffset At = new(2026, 11, 23, 2, 15, 30, TimeSpan.Zero);

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_copy_has_the_states_that_were_kept_before_its_journal_was_copied_and_none_after()
    {
        var (source, target) = (Path.Combine(_folder.Path, "source"), Path.Combine(_folder.Path, "target"));
        var states = new KeptStates(FolderSegmentStore.OpenToWrite(source));
        await states.PutAsync("acme", 0, 10, At, new byte[] { 1 }, Token);
        var copy = await LedgerCopy.BeginAsync(source, target, Token);
        await states.PutAsync("acme", 0, 20, At, new byte[] { 2 }, Token);
        Assert.True(await copy.TryCopySegmentsAsync(Token));
        var copied = new KeptStates(FolderSegmentStore.OpenToRead(target));
        Assert.Equal(10, (await copied.ReadAsync(Assert.Single(await copied.ListAsync("acme", 0, long.MaxValue, DateTimeOffset.MaxValue, Token)), Token))!.Sequence);
    }

    public void Dispose() => _folder.Dispose();
}
