using System.Globalization;
using System.IO.Hashing;

namespace Metering.Grains.Accounts;

/// <summary>A sealed block of an account's remembered ids, as it is stored: under the account, and a name of its own.</summary>
[GenerateSerializer, Alias("metering.StoredIdBlock")]
public sealed class StoredIdBlock
{
    /// <summary>The block as <see cref="Core.Accounts.IdBlock.Write"/> wrote it.</summary>
    [Id(0)] public byte[] Bytes { get; set; } = [];
}

/// <summary>Which block: its number and what is in it. Two blocks of one number, of histories that parted when a store lost its tail, are two names.</summary>
/// <param name="Number">Counted from 0 as long as the account lives.</param>
/// <param name="Checksum">XxHash3 of its bytes, seeded with the number.</param>
[GenerateSerializer, Immutable, Alias("metering.IdBlockName")]
public readonly record struct IdBlockName([property: Id(0)] long Number, [property: Id(1)] ulong Checksum)
{
    /// <summary>Of its grain state. Another than the account's own, so that the list of accounts does not show it.</summary>
    public string StateName => string.Create(CultureInfo.InvariantCulture, $"ids-{Number}-{Checksum:x16}");

    public static IdBlockName Of(long number, ReadOnlySpan<byte> bytes) => new(number, XxHash3.HashToUInt64(bytes, number));
}
