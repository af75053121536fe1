using Metering.Grains.Journal;
using Metering.Silo.Storage.Azure;
using Metering.TestServers;
using Microsoft.Extensions.Logging.Abstractions;

namespace Metering.Storage.Tests.Azure;

/// <summary>One Azurite for the tests of a class, each of which has a container of its own.</summary>
public sealed class SharedAzurite : IAsyncLifetime
{
    private AzuriteServer? _server;

    public string ConnectionString => _server!.ConnectionString;

    /// <summary>Skips the test where there is no Azurite; where everything must run, fails it.</summary>
    public static void Require()
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

    public static string NewContainer() => "test-" + Guid.NewGuid().ToString("N");

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

    public AzureStoreOptions Options(string container) => new() { Storage = ConnectionString, Container = container };

    internal static AzureContainer Container(AzureStoreOptions options) =>
        AzureContainer.From(options, new StoreHealth("test", TimeProvider.System), NullLogger<AzureContainer>.Instance);

    internal static AzureJournalStore Journal(AzureStoreOptions options) => Journal(Container(options));

    internal static AzureJournalStore Journal(AzureContainer container) => new(container, NullLogger<AzureJournalStore>.Instance);

    /// <summary>The record of this number in these tests.</summary>
    internal static byte[] Bytes(long number) => BitConverter.GetBytes(number * 31);

    internal static async Task<List<JournalRecord>> ReadAsync(IJournalStore store, string log, long after)
    {
        var records = new List<JournalRecord>();
        await foreach (var record in store.ReadAsync(log, after, TestContext.Current.CancellationToken))
        {
            records.Add(record);
        }

        return records;
    }
}
