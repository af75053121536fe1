using Metering.Cluster.Checking;
using Metering.Cluster.Faults;

namespace Metering.EndToEnd.Tests.Cluster;

/// <summary>The ledger in Azure Blob Storage, when those go that write it, and when the storage itself goes.</summary>
public sealed class BlobLedgerTests(BlobLedgerCluster fixture) : IClassFixture<BlobLedgerCluster>
{
    public static TheoryData<string> Faults { get; } = [Fault.KillSilo.Name, Fault.KillAzurite.Name];

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task The_ledger_has_every_acknowledged_entry_once_when(string what)
    {
        await FaultTests.SurviveAsync(fixture, Fault.All.Single(fault => fault.Name == what));
        Assert.Empty(await LedgerSettlement.ToTheEndAsync(await fixture.GetAsync()));
    }
}
