using Metering.Grains.Journal;

namespace Metering.Silo.Storage.Embedded.Files;

/// <summary>
/// Whoever copies a journal that is written holds it meanwhile: nothing of it is trimmed. The operating system's lock on an open file, which ends with the process however that dies.
/// </summary>
/// <remarks>A trim that had begun before goes on: by then what it trims was already where its owner says, so it is in every copy that is made later.</remarks>
internal sealed class JournalHold : IDisposable
{
    private const string FileName = "journal.hold";
    private const int MaxTries = 50;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly FileStream _lock;

    private JournalHold(FileStream held) => _lock = held;

    /// <exception cref="JournalStoreException">Somebody else holds it.</exception>
    public static JournalHold Take(string folder)
    {
        // The owner looks for a moment now and then, by holding it too.
        for (var tries = 1; ; tries++)
        {
            try
            {
                return new JournalHold(Open(folder));
            }
            catch (IOException held)
            {
                if (tries == MaxTries)
                {
                    throw new JournalStoreException($"The journal in '{folder}' is being copied by somebody else, or cannot be held: {held.Message}", held);
                }

                Thread.Sleep(Pause);
            }
        }
    }

    public static bool IsTaken(string folder)
    {
        try
        {
            Open(folder).Dispose();
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    public void Dispose() => _lock.Dispose();

    private static FileStream Open(string folder) => new(Path.Combine(folder, FileName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
}
