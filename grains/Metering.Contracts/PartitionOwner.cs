using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace Metering.Contracts;

/// <summary>
/// Which silo owns a partition: rendezvous hashing, so that everybody who sees the same silos names the same owner without asking anybody, and a silo that comes or
/// goes moves no partitions but its own share. Silos and gateways of all versions must agree: the weight may never change.
/// </summary>
public static class PartitionOwner
{
    private const int MaxOnStack = 256;

    /// <summary>The owner among some silos: the one that weighs most. Null when there is none.</summary>
    /// <param name="partition">0 or more.</param>
    /// <param name="silos">The silos that are active, in any order.</param>
    public static SiloAddress? Of(int partition, IEnumerable<SiloAddress> silos)
    {
        SiloAddress? owner = null;
        var heaviest = (Weight: 0UL, Name: "");
        foreach (var silo in silos)
        {
            // Two of the same weight are as good as impossible, and yet everybody must choose alike.
            var name = silo.ToParsableString();
            var weight = Weight(partition, name);
            if (owner is null || weight > heaviest.Weight || (weight == heaviest.Weight && string.CompareOrdinal(name, heaviest.Name) > 0))
            {
                (owner, heaviest) = (silo, (weight, name));
            }
        }

        return owner;
    }

    /// <summary>XxHash3 (64 bit, seed 0) over the partition's number, four bytes little-endian, and the silo's name in UTF-8.</summary>
    /// <param name="partition">0 or more.</param>
    /// <param name="silo">The silo as <see cref="SiloAddress.ToParsableString"/> writes it: address, port and generation.</param>
    public static ulong Weight(int partition, string silo)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(partition);
        var size = sizeof(int) + Encoding.UTF8.GetByteCount(silo);
        var bytes = size <= MaxOnStack ? stackalloc byte[size] : new byte[size];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, partition);
        Encoding.UTF8.GetBytes(silo, bytes[sizeof(int)..]);
        return XxHash3.HashToUInt64(bytes);
    }
}
