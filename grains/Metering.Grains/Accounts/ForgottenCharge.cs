using Metering.Core.Charges;
using Metering.Core.Entries;
using Metering.Grains.Journal;

namespace Metering.Grains.Accounts;

/// <summary>Puts together what archive and journal say of a charge that its account has forgotten.</summary>
internal static class ForgottenCharge
{
    /// <param name="charge">Its id.</param>
    /// <param name="archived">What the archive has of it.</param>
    /// <param name="unarchived">What the journal has of the account; read before.</param>
    /// <param name="through">The sequence through which evidence is needed.</param>
    /// <returns>Null when there is no such charge.</returns>
    /// <exception cref="DetailNotKeptException">The charge, or an entry after it, may be one of those of which only sums are kept.</exception>
    /// <exception cref="FormatException">An entry of the account after the charge is missing, so there might be reversals of it that nobody has seen.</exception>
    internal static ChargeEvidence? Find(string charge, ArchivedCharge archived, IReadOnlyList<ReadOnlyMemory<byte>> unarchived, long through)
    {
        if (archived.Damaged.Count > 0)
        {
            throw new FormatException($"damaged: {string.Join(", ", archived.Damaged)}.");
        }

        var found = archived.Entries.OfType<PaidOperation>().LastOrDefault(paid => paid.Id == charge);
        var reversals = archived.Entries.OfType<Reversed>().Where(reversed => reversed.Charge == charge).ToList();
        var (isWhole, isRolledUp, last) = (archived.IsWhole, archived.IsRolledUp, archived.Through);
        foreach (var entry in Entries(unarchived).Where(entry => entry.Sequence > archived.Through))
        {
            isWhole &= entry.Sequence == last + 1;
            last = entry.Sequence;
            if (entry is PaidOperation paid && paid.Id == charge)
            {
                // Whatever is missing before it is no matter.
                (found, isWhole, isRolledUp) = (paid, true, false);
            }
            else if (entry is Reversed reversed && reversed.Charge == charge)
            {
                reversals.Add(reversed);
            }
        }

        if (isRolledUp)
        {
            throw new DetailNotKeptException($"The account does not remember charge {charge}, and of charges of that time the ledger keeps only sums by the minute.");
        }

        if (found is null)
        {
            return null;
        }

        return isWhole && last >= through
            ? new ChargeEvidence(found, [.. reversals.Where(reversed => reversed.ChargedSequence == found.Sequence)], last)
            : throw new FormatException("some entries after it are in neither the ledger nor the journal.");
    }

    private static IEnumerable<Entry> Entries(IReadOnlyList<ReadOnlyMemory<byte>> chunks)
    {
        foreach (var chunk in chunks)
        {
            var position = 0;
            while (position < chunk.Length)
            {
                yield return Next(chunk.Span, ref position);
            }
        }
    }

    private static Entry Next(ReadOnlySpan<byte> chunk, ref int position)
    {
        var rest = chunk[position..];
        var entry = Entry.Decode(EntryFrame.Next(ref rest));
        position = chunk.Length - rest.Length;
        return entry;
    }
}
