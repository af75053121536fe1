using Metering.Core;
using Metering.Core.Charges;
using Metering.Core.Entries;
using Metering.Grains.Accounts;
using Metering.Grains.Journal;

namespace Metering.Grains.Tests.Accounts;

/// <summary>Evidence of a charge is all there is, or none.</summary>
public sealed class ForgottenChargeTests
{
    [Fact]
    public void A_charge_is_found_wherever_it_lies_and_its_reversals_with_it()
    {
        Assert.Equal((3, 1), Found(Archived([Charge(3), Reversal(5, 3)], through: 6), Unarchived(6, Other(7), Other(8)), through: 8));
        Assert.Equal((3, 2), Found(Archived([Charge(3), Reversal(5, 3)], through: 6), Unarchived(6, Reversal(7, 3), Other(8)), through: 8));
        Assert.Equal((7, 1), Found(Archived([], through: 6), Unarchived(6, Charge(7), Reversal(8, 7)), through: 8));

        // The id was used again: the last charge counts, and what was given back of the one before does not.
        Assert.Equal((7, 0), Found(Archived([Charge(3), Reversal(5, 3)], through: 6), Unarchived(6, Charge(7)), through: 7));
        Assert.Null(ForgottenCharge.Find("c", Archived([], through: 6), Unarchived(6, Other(7)), through: 7));
    }

    [Fact]
    public void Nothing_is_said_of_a_charge_after_which_an_entry_is_missing()
    {
        Assert.Throws<FormatException>(() => Found(Archived([Charge(3)], through: 6) with { IsWhole = false }, [], through: 6));
        Assert.Throws<FormatException>(() => Found(Archived([Charge(3)], through: 6), Unarchived(6, Other(8)), through: 8));
        Assert.Throws<FormatException>(() => Found(Archived([Charge(3)], through: 6), Unarchived(6, Other(7)), through: 8));
        Assert.Throws<FormatException>(() => Found(Archived([Charge(3)], through: 6) with { Damaged = ["a segment"] }, [], through: 6));

        // What is missing before it is no matter.
        Assert.Equal((8, 0), Found(Archived([], through: 3) with { IsWhole = false }, Unarchived(7, Charge(8)), through: 8));
    }

    private static (long Charge, int Reversals) Found(ArchivedCharge archived, IReadOnlyList<ReadOnlyMemory<byte>> unarchived, long through)
    {
        var evidence = ForgottenCharge.Find("c", archived, unarchived, through)!;
        Assert.True(evidence.Through >= through);
        return (evidence.Charge.Sequence, evidence.Reversals.Count);
    }

    private static ArchivedCharge Archived(Entry[] entries, long through) => new(entries, through, IsWhole: true, []);

    /// <summary>Some of these are archived already: the journal says them again.</summary>
    private static ReadOnlyMemory<byte>[] Unarchived(long archived, params Entry[] entries)
    {
        EntryFrame.Begin();
        EntryFrame.Add(Other(archived));
        foreach (var entry in entries)
        {
            EntryFrame.Add(entry);
        }

        return [EntryFrame.Gathered.ToArray()];
    }

    private static Charged Other(long sequence) => Charge(sequence) with { Id = $"other-{sequence}" };

    private static Charged Charge(long sequence) => new()
    {
        Sequence = sequence,
        At = World.Noon,
        Balance = Credits.Zero,
        Available = Credits.Zero,
        Id = "c",
        Mode = ChargeMode.Record,
        PeriodStart = World.Noon,
        Card = "default",
        Version = 1,
        Lines = [],
        Payment = Payment.None,
    };

    private static Reversed Reversal(long sequence, long charged) => new()
    {
        Sequence = sequence,
        At = World.Noon,
        Balance = Credits.Zero,
        Available = Credits.Zero,
        Id = $"r{sequence}",
        Charge = "c",
        PeriodStart = World.Noon,
        Card = "default",
        Lines = [],
        ChargedAt = World.Noon,
        ChargedSequence = charged,
        Payment = Payment.None,
    };
}
