using Metering.Grains.Journal;

namespace Metering.Silo.Storage;

/// <summary>A store of other machines, which can be asked whether it is there.</summary>
internal interface IAnsweringStore
{
    /// <summary>Completes when the store has answered, be it with a refusal: one request, as small as there is.</summary>
    /// <exception cref="JournalStoreException">Nothing was heard from it.</exception>
    Task AskAsync(CancellationToken cancellationToken);
}
