using System.Buffers.Binary;
using System.IO.Hashing;

namespace Metering.Grains.Accounts;

/// <summary>
/// An account's whole state at a sequence, as it is stored: by itself but for the sealed blocks of remembered ids, which it names (<see cref="StoredIdBlocks"/>). It holds
/// committed entries only: one that ran ahead of the journal would make a lost write true.
/// </summary>
[GenerateSerializer, Alias("metering.AccountSnapshot")]
public sealed class AccountSnapshot
{
    /// <summary>The state as <see cref="Core.Accounts.Account.Write"/> wrote it; empty when there is no snapshot.</summary>
    [Id(0)] public byte[] Bytes { get; set; } = [];

    /// <summary>XxHash3 of all the rest, seeded with <see cref="Record"/>: a damaged balance must be noticed, not served.</summary>
    [Id(1)] public ulong Checksum { get; set; }

    /// <summary>A record of the partition's log known to be there when this was written. A log that ends before it has lost its tail.</summary>
    [Id(2)] public long Record { get; set; }

    /// <summary>The block of remembered ids that was not sealed yet; empty when there was none.</summary>
    [Id(3)] public byte[] OpenBlock { get; set; } = [];

    /// <summary>The sealed blocks of remembered ids that belong to the state, the oldest first. They were durable before this was written.</summary>
    [Id(4)] public IdBlockName[] SealedBlocks { get; set; } = [];

    /// <summary>Blocks that belonged to a snapshot before this one, and may still be in the store: to be removed.</summary>
    [Id(5)] public IdBlockName[] DroppedBlocks { get; set; } = [];

    public bool IsDamaged => Checksum != ComputeChecksum();

    /// <summary>This, with the checksum that fits it.</summary>
    public AccountSnapshot Sealed()
    {
        Checksum = ComputeChecksum();
        return this;
    }

    private ulong ComputeChecksum()
    {
        var hash = new XxHash3(Record);
        Append(hash, Bytes.Length);
        hash.Append(Bytes);
        Append(hash, OpenBlock.Length);
        hash.Append(OpenBlock);
        Append(hash, SealedBlocks);
        Append(hash, DroppedBlocks);
        return hash.GetCurrentHashAsUInt64();
    }

    private static void Append(XxHash3 hash, IdBlockName[] names)
    {
        Append(hash, names.Length);
        foreach (var name in names)
        {
            Append(hash, name.Number);
            Append(hash, unchecked((long)name.Checksum));
        }
    }

    private static void Append(XxHash3 hash, long number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        hash.Append(bytes);
    }
}
