using Metering.Silo.Storage;
using Metering.Silo.Storage.Embedded;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Metering.Storage.Tests.Embedded;

/// <summary>Opens what the embedded tests work on.</summary>
internal static class TestStore
{
    public static EmbeddedStore Open(string directory) => EmbeddedStore.Open(directory, NullLogger<EmbeddedStore>.Instance);

    /// <param name="store">Where the states go.</param>
    /// <param name="services">With Orleans' serializer.</param>
    public static SqliteGrainStorage GrainStorage(EmbeddedStore store, IServiceProvider services) =>
        ActivatorUtilities.CreateInstance<SqliteGrainStorage>(
            services, store.Database, ActivatorUtilities.CreateInstance<StateSerializer>(services));
}
