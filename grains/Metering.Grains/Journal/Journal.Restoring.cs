// Restoring a journal and the snapshots of an earlier moment.

namespace Metering.Grains.Journal;

public sealed partial class Journal
{
    /// <summary>
    /// Makes the next opening of every partition read all of its log: for a journal whose snapshots were put back from an earlier moment, and lack what its marks say they hold. While no silo
    /// runs. Harmless to repeat, and where nothing was put back: accounts pass over what their snapshots have.
    /// </summary>
    /// <remarks>
    /// It appends a record to each log whose mark is before the first record there is. Marks only ever say where to begin reading, and what may be trimmed; so a lower one costs time and nothing else, and
    /// it rises again as accounts write their snapshots.
    /// </remarks>
    /// <returns>Records that will be read, of all partitions.</returns>
    /// <exception cref="JournalStoreException">The store cannot be reached.</exception>
    /// <exception cref="JournalSettingsException">The store was created with other settings.</exception>
    /// <exception cref="JournalUnavailableException">Somebody appends to a log: a silo is running. Or the end of a log cannot be read.</exception>
    public async Task<long> LowerMarksAsync(CancellationToken cancellationToken)
    {
        await CheckStoreAsync(cancellationToken);
        var records = 0L;
        try
        {
            foreach (var slot in _slots)
            {
                records += await LowerMarkAsync(slot.LogName, cancellationToken);
            }
        }
        catch (DamagedLogException damage)
        {
            throw new JournalUnavailableException(damage.Message, _services.Options.ReopenDelay, damage);
        }

        return records;
    }

    private async Task<long> LowerMarkAsync(string log, CancellationToken cancellationToken)
    {
        var (tip, mark) = await LogReading.TipAsync(_services, log, cancellationToken);
        if (tip.Number == 0)
        {
            return 0;
        }

        var lowest = (await LogReading.Bounded(_services, _services.Store.OpenAsync(log, cancellationToken))).First - 1;
        if (mark <= lowest)
        {
            return tip.Number - mark;
        }

        var record = new byte[RecordFormat.HeaderBytes];
        RecordFormat.WriteHeader(record, Guid.NewGuid(), tip.Number + 1, tip.Checksum, lowest, chunks: 0, indexBytes: 0);
        return await LogReading.Bounded(_services, _services.Store.AppendAsync(log, tip.Number + 1, record, cancellationToken)) == AppendOutcome.Appended
            ? tip.Number + 1 - lowest
            : throw new JournalUnavailableException($"Somebody else appends to the log {log}. Stop every silo first.", _services.Options.HandOverDelay);
    }
}
