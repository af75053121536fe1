using System.IO.Hashing;

namespace Metering.Grains.Accounts;

/// <summary>
/// An account's whole state at a sequence, as it is stored. It holds committed entries only: one that ran ahead of the journal would make
/// a lost write true.
/// </summary>
[GenerateSerializer, Alias("metering.AccountSnapshot")]
public sealed class AccountSnapshot
{
    /// <summary>The state as <see cref="Core.Accounts.Account.Write"/> wrote it; empty when there is no snapshot.</summary>
    [Id(0)] public byte[] Bytes { get; set; } = [];

    /// <summary>XxHash3 of <see cref="Bytes"/>, seeded with <see cref="Record"/>: a damaged balance must be noticed, not served.</summary>
    [Id(1)] public ulong Checksum { get; set; }

    /// <summary>A record of the partition's log known to be there when this was written. A log that ends before it has lost its tail.</summary>
    [Id(2)] public long Record { get; set; }

    public bool IsDamaged => Checksum != XxHash3.HashToUInt64(Bytes, Record);

    public static AccountSnapshot Of(byte[] bytes, long record) => new() { Bytes = bytes, Checksum = XxHash3.HashToUInt64(bytes, record), Record = record };
}
