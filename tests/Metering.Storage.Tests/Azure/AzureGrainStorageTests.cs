using Metering.Silo.Storage;
using Metering.Silo.Storage.Azure;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace Metering.Storage.Tests.Azure;

public sealed class AzureGrainStorageTests(SharedAzurite azurite) : GrainStorageSuite, IClassFixture<SharedAzurite>
{
    private readonly string _container = SharedAzurite.NewContainer();
    private AzureGrainStorage? _storage;

    internal static AzureGrainStorage GrainStorage(AzureContainer container, IServiceProvider services) =>
        ActivatorUtilities.CreateInstance<AzureGrainStorage>(
            services, container, ActivatorUtilities.CreateInstance<StateSerializer>(services));

    protected override Task<IGrainStorage> OpenStorageAsync()
    {
        SharedAzurite.Require();
        _storage = GrainStorage(SharedAzurite.Container(azurite.Options(_container)), Services);
        return Task.FromResult<IGrainStorage>(_storage);
    }

    protected override Task CloseStorageAsync()
    {
        _storage?.Dispose();
        return Task.CompletedTask;
    }
}
