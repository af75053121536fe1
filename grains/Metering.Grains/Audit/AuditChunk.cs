using System.Security.Cryptography;

namespace Metering.Grains.Audit;

/// <summary>A chunk as it is stored.</summary>
[GenerateSerializer, Alias("metering.AuditChunkState")]
public sealed class AuditChunkState
{
    /// <summary>An <see cref="AuditChunk"/> in Orleans' own encoding, for the reason that <see cref="StoredRateCardVersion.Draft"/> is.</summary>
    [Id(0)] public byte[] Chunk { get; set; } = [];
}

/// <summary>
/// Entries that follow each other. Only the last chunk is open and grows; a sealed one never changes. Each entry's hash is made of the hash before it and its bytes, so that one that is changed,
/// left out or put in shows.
/// </summary>
[GenerateSerializer, Immutable, Alias("metering.AuditChunk")]
public sealed record AuditChunk
{
    /// <summary>Of the first chunk of all.</summary>
    public static readonly byte[] NoHash = new byte[SHA256.HashSizeInBytes];

    /// <summary>The number of its first entry.</summary>
    [Id(0)] public required long First { get; init; }

    /// <summary>Of the last entry of the chunk before.</summary>
    [Id(1)] public required byte[] HashBefore { get; init; }

    [Id(2)] public required IReadOnlyList<AuditRecord> Records { get; init; }

    [Id(3)] public bool IsSealed { get; init; }

    /// <summary>Of the oldest change whose outcome was not known when this was written: the number of its entry, or of the next one when there was none.</summary>
    [Id(4)] public required long OldestPending { get; init; }

    /// <summary>When its first entry was written.</summary>
    [Id(5)] public required DateTimeOffset FirstAt { get; init; }

    /// <summary>When its last entry was written.</summary>
    [Id(6)] public required DateTimeOffset LastAt { get; init; }

    /// <summary>The number of the entry that comes next.</summary>
    public long Next => First + Records.Count;

    /// <summary>Of its last entry.</summary>
    public byte[] Hash => Records.Count == 0 ? HashBefore : Records[^1].Hash;

    /// <summary>The number of the first entry whose hash is not what it should be; null when there is none.</summary>
    public long? FirstChanged()
    {
        var before = HashBefore;
        for (var i = 0; i < Records.Count; i++)
        {
            if (!AuditRecord.HashOf(before, Records[i].Entry).AsSpan().SequenceEqual(Records[i].Hash))
            {
                return First + i;
            }

            before = Records[i].Hash;
        }

        return null;
    }
}

/// <summary>One entry as it is stored.</summary>
/// <param name="Entry">A <see cref="Contracts.AuditEntry"/> in Orleans' own encoding.</param>
/// <param name="Hash">SHA-256 over the hash of the entry before and these bytes.</param>
[GenerateSerializer, Immutable, Alias("metering.AuditRecord")]
public sealed record AuditRecord(
    [property: Id(0)] byte[] Entry,
    [property: Id(1)] byte[] Hash)
{
    public static byte[] HashOf(byte[] before, byte[] entry)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(before);
        hash.AppendData(entry);
        return hash.GetHashAndReset();
    }
}
