using System.Security.Cryptography;
using Metering.Grains.Journal;

namespace Metering.Silo.Storage.Embedded.Files;

/// <summary>Makes the segments that are written next. For the journal's writer alone.</summary>
/// <param name="folder">Where.</param>
/// <param name="journal">Whose.</param>
/// <param name="spares">What they are made of, where there are any.</param>
/// <param name="prepared">The next one, where it is there already.</param>
internal sealed class SegmentSupply(string folder, Guid journal, SpareSegments spares, JournalSegment? prepared) : IDisposable
{
    private Task<JournalSegment>? _next = prepared is null ? null : Task.FromResult(prepared);

    /// <summary>Makes the next segment on another thread, before it is needed, so that nobody waits for it.</summary>
    public void Prepare(long number, long goodBytes) => _next ??= Task.Run(() => Make(number, SegmentFormat.BlockBytes, goodBytes));

    /// <summary>The one that was prepared; null when none was, or that failed.</summary>
    public JournalSegment? TakePrepared()
    {
        if (_next is not { } next)
        {
            return null;
        }

        _next = null;
        try
        {
            // The writer's own thread, which has nothing to do before it is there.
            return next.GetAwaiter().GetResult();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JournalStoreException)
        {
            // Tried again, for whoever needs it now.
            return null;
        }
    }

    /// <summary>Makes a segment now.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="minBytes">What it must hold.</param>
    /// <param name="goodBytes">What it had better hold.</param>
    /// <exception cref="IOException">There is no room for it.</exception>
    public JournalSegment Make(long number, long minBytes, long goodBytes)
    {
        var salt = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        return JournalSegment.Begin(folder, spares.Take(minBytes, Math.Max(SegmentFormat.RoundUp(minBytes), goodBytes)), new SegmentHead(journal, number, salt));
    }

    public void Dispose() => TakePrepared()?.Dispose();
}
