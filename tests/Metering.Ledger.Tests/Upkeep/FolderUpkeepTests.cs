using Metering.Ledger.Segments;

namespace Metering.Ledger.Tests.Upkeep;

public sealed class FolderUpkeepTests : UpkeepSuite
{
    protected override ISegmentStore Open() => FolderSegmentStore.OpenToWrite(Path.Combine(Folder.Path, "ledger"));
}
