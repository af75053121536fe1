namespace Metering.Silo.Storage;

/// <summary>A store that has to be connected before it is used: by the silo's start, or by a command that starts no silo.</summary>
internal interface IConnectedStore
{
    /// <summary>Connects, and makes sure that the store can be used.</summary>
    /// <exception cref="Grains.Journal.JournalStoreException">It cannot; one line for the operator.</exception>
    Task ConnectAsync(CancellationToken cancellationToken);
}
