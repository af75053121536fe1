using Metering.Silo.Storage.Embedded;

namespace Metering.Storage.Tests.Embedded;

public sealed class EmbeddedStoreHostingTests : StoreHostingSuite
{
    private readonly TemporaryDirectory _directory = new();

    public override ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public override ValueTask DisposeAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_directory_in_use_fails_the_start()
    {
        using var owner = DataDirectory.Claim(_directory.Path);
        using var host = Silo();

        var fault = await Assert.ThrowsAsync<DataDirectoryInUseException>(() => host.StartAsync(Cancel));

        Assert.Contains($"'{_directory.Path}'", fault.Message, StringComparison.Ordinal);
    }

    protected override void AddStore(ISiloBuilder silo) => silo.AddEmbeddedStore(new EmbeddedStoreOptions { DataDirectory = _directory.Path });
}
