using System.Buffers.Binary;

namespace Metering.Grains.Journal;

/// <summary>
/// The log that says how many partitions the store was created with. With another number accounts would be looked for in
/// logs where they are not, and found empty: so it is written once and compared ever after.
/// </summary>
internal static class ClusterLog
{
    internal const string Name = "cluster";
    private const string PartitionsKey = "partitions";

    /// <summary>Records the number of partitions, or compares it with the one recorded.</summary>
    /// <exception cref="JournalSettingsException">The store has another number.</exception>
    /// <exception cref="DamagedLogException">The record cannot be read.</exception>
    internal static async Task CheckAsync(JournalServices services, CancellationToken cancellationToken)
    {
        var wanted = services.Options.Partitions;
        var extent = await LogReading.Bounded(services, services.Store.OpenAsync(Name, cancellationToken));
        if (extent.Last == 0)
        {
            // A conflict means that another silo was faster; what counts is what is there now.
            _ = await LogReading.Bounded(services, services.Store.AppendAsync(Name, 1, Record(wanted), cancellationToken));
        }

        var recorded = await ReadAsync(services, cancellationToken);
        if (recorded != wanted)
        {
            throw new JournalSettingsException(
                $"The store was created with {recorded} journal partitions and this silo is set to {wanted}: set {nameof(JournalOptions.Partitions)} to {recorded}.");
        }
    }

    private static byte[] Record(int partitions)
    {
        Span<byte> value = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(value, partitions);
        var indexBytes = PartitionsKey.Length + RecordFormat.IndexEntryBytes;
        var record = new byte[RecordFormat.HeaderBytes + indexBytes + value.Length];
        RecordFormat.WriteIndexEntry(record.AsSpan(RecordFormat.HeaderBytes), PartitionsKey, value.Length, sequence: 1, RecordFormat.Checksum(value));
        value.CopyTo(record.AsSpan(RecordFormat.HeaderBytes + indexBytes));
        RecordFormat.WriteHeader(record, Guid.NewGuid(), number: 1, previous: 0, mark: 0, chunks: 1, indexBytes);
        return record;
    }

    private static async Task<int> ReadAsync(JournalServices services, CancellationToken cancellationToken)
    {
        int? partitions = null;
        var chunks = new List<RecordChunk>();
        await LogReading.ReadAsync(services, Name, 0, record =>
        {
            _ = LogReading.Header(Name, record);
            var isReadable = RecordReader.TryReadChunks(record.Bytes, chunks, out _) && record.Number == 1;
            partitions = isReadable && chunks is [{ Account: PartitionsKey, IsIntact: true, Entries.Length: sizeof(int) } value]
                ? BinaryPrimitives.ReadInt32LittleEndian(value.Entries.Span)
                : throw new DamagedLogException(Name, record.Number, "it does not tell the number of partitions");
            return false;
        }, cancellationToken);
        return partitions ?? throw new DamagedLogException(Name, 1, "the record is missing");
    }
}
