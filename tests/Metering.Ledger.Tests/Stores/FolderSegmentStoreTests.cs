using Metering.Ledger.Segments;

namespace Metering.Ledger.Tests.Stores;

public sealed class FolderSegmentStoreTests : SegmentStoreSuite
{
    protected override ISegmentStore Open() => FolderSegmentStore.OpenToWrite(Path.Combine(Folder.Path, "ledger"));

    [Fact]
    public async Task What_a_process_is_writing_stays_when_another_opens_the_folder_and_what_a_crash_left_goes()
    {
        var store = Open();
        var (written, left) = (store.NewTemporaryFile(), store.NewTemporaryFile());
        await File.WriteAllBytesAsync(written, [1], Token);
        await File.WriteAllBytesAsync(left, [2], Token);
        File.SetLastWriteTimeUtc(left, TimeProvider.System.GetUtcNow().UtcDateTime - FolderSegmentStore.MaxWriteTime - TimeSpan.FromMinutes(1));
        Open();
        Assert.False(File.Exists(left));
        await store.PutAsync("date=2026-01-01/hour=00/a", written, Token);
        Assert.Equal<byte[]>([1], await ReadAsync(Open(), "date=2026-01-01/hour=00/a"));
    }
}
