using System.Buffers;
using System.IO.Hashing;
using System.Text;

namespace Metering.Contracts;

/// <summary>
/// Which partition an account belongs to. It is part of what the store holds: silos and gateways of all versions must
/// agree, so neither the hash nor the remainder may ever change.
/// </summary>
public static class AccountPartition
{
    /// <summary>XxHash3 (64 bit, seed 0) of the id's UTF-8 bytes, modulo the number of partitions.</summary>
    /// <returns>0 to <paramref name="partitions"/> − 1.</returns>
    public static int Of(string account, int partitions)
    {
        ArgumentNullException.ThrowIfNull(account);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(partitions);
        const int onStack = 512;
        var size = Encoding.UTF8.GetMaxByteCount(account.Length);
        var rented = size > onStack ? ArrayPool<byte>.Shared.Rent(size) : null;
        var bytes = rented ?? stackalloc byte[onStack];
        var hash = XxHash3.HashToUInt64(bytes[..Encoding.UTF8.GetBytes(account, bytes)]);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return (int)(hash % (uint)partitions);
    }
}
