using Metering.Ledger.Segments;
using Metering.Ledger.Segments.Blobs;
using Metering.Ledger.Tests.Stores;

namespace Metering.Ledger.Tests.Upkeep;

public sealed class BlobUpkeepTests(Azurite azurite) : UpkeepSuite, IClassFixture<Azurite>
{
    private BlobSegmentStore? _store;

    protected override ISegmentStore Open()
    {
        Azurite.Require();
        return _store ??= new BlobSegmentStore(azurite.NewLedger(Path.Combine(Folder.Path, "cache")));
    }

    public override void Dispose()
    {
        _store?.Dispose();
        base.Dispose();
    }
}
