using Metering.Silo.Storage.Embedded;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Storage;

namespace Metering.Storage.Tests.Embedded;

/// <summary>Opens what the embedded tests work on.</summary>
internal static class Database
{
    public static EmbeddedDatabase Open(string directory) => EmbeddedDatabase.Open(directory, NullLogger<EmbeddedDatabase>.Instance);

    /// <param name="database">Where the states go.</param>
    /// <param name="services">With Orleans' serializer.</param>
    public static SqliteGrainStorage GrainStorage(EmbeddedDatabase database, IServiceProvider services) =>
        ActivatorUtilities.CreateInstance<SqliteGrainStorage>(
            services, database, ActivatorUtilities.CreateInstance<OrleansGrainStorageSerializer>(services));
}
