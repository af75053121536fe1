using Metering.Ledger.Segments.Blobs;
using Metering.TestServers;

namespace Metering.Ledger.Tests.Stores;

/// <summary>One Azurite for the tests of a class, each of which has a container of its own.</summary>
public sealed class Azurite : IAsyncLifetime
{
    private AzuriteServer? _server;

    internal AzuriteServer Server => _server!;

    /// <summary>Skips the test where there is no Azurite; where everything must run, fails it.</summary>
    internal static void Require()
    {
        if (AzuriteServer.Missing is not { } why)
        {
            return;
        }

        if (Environment.GetEnvironmentVariable("CI") == "true")
        {
            Assert.Fail(why);
        }

        Assert.Skip(why);
    }

    internal BlobLedgerOptions NewLedger(string cacheDirectory) => new()
    {
        Storage = Server.ConnectionString,
        Container = "test-" + Guid.NewGuid().ToString("N"),
        MayCreate = true,
        CacheDirectory = cacheDirectory,
    };

    public async ValueTask InitializeAsync()
    {
        if (AzuriteServer.Missing is null)
        {
            _server = await AzuriteServer.StartAsync(isDurable: false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }
}
