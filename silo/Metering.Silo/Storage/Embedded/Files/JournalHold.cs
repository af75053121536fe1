using Metering.Grains.Journal;

namespace Metering.Silo.Storage.Embedded.Files;

/// <summary>
/// Whoever copies a journal that is written holds it meanwhile: nothing of it is trimmed, and no file of it goes, whatever became superfluous before. The operating system's lock on an open file, which ends with the process however
/// that dies.
/// </summary>
/// <remarks>A trim that had begun before goes on: by then what it trims was already where its owner says, so it is in every copy that is made later. Its owner holds it too for as long as it moves a file.</remarks>
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

    /// <returns>Null when somebody else holds it.</returns>
    public static JournalHold? TryTake(string folder)
    {
        try
        {
            return new JournalHold(Open(folder));
        }
        catch (IOException)
        {
            return null;
        }
    }

    public void Dispose() => _lock.Dispose();

    private static FileStream Open(string folder) => new(Path.Combine(folder, FileName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
}
