using Metering.Core.Encoding;
using Metering.Core.Pricing;

namespace Metering.Core.Accounts;

/// <summary>What an account is set to. Changing it replaces all of it.</summary>
public sealed record AccountSettings
{
    [ThreadStatic]
    private static AccountSettings? _last;

    public required string DisplayName { get; init; }
    public required string RateCard { get; init; }

    /// <summary>Taken off every price.</summary>
    public required Percent Discount { get; init; }

    /// <summary>How far <c>enforce</c> may take the balance below zero. Not negative.</summary>
    public required Credits CreditLimit { get; init; }

    /// <summary>When the counters of prices begin anew.</summary>
    public required Period Period { get; init; }

    /// <summary>The caller's own notes, sorted by key.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Metadata { get; init; }

    /// <summary>True when both say the same: then there is nothing to change.</summary>
    public bool SaysTheSameAs(AccountSettings other) =>
        (DisplayName, RateCard, Discount, CreditLimit, Period) == (other.DisplayName, other.RateCard, other.Discount, other.CreditLimit, other.Period)
        && Metadata.SequenceEqual(other.Metadata);

    internal void Write(ByteWriter writer)
    {
        writer.Text(DisplayName);
        writer.Text(RateCard);
        writer.Amount(Credits.From(Discount.Value));
        writer.Amount(CreditLimit);
        writer.Byte((byte)Period.Every);
        writer.Instant(Period.Anchor);
        writer.Count(Metadata.Count);
        foreach (var (key, value) in Metadata)
        {
            writer.Text(key);
            writer.Text(value);
        }
    }

    /// <summary>
    /// Accounts that say the same share one object where they come one after another, as those of one kind do: of a million there would be a million, and a charge would find those
    /// of its account far away.
    /// </summary>
    internal static AccountSettings Shared(AccountSettings settings) => _last is { } last && last.SaysTheSameAs(settings) ? last : _last = settings;

    internal static AccountSettings Read(ref ByteReader reader)
    {
        var read = new AccountSettings
        {
            DisplayName = reader.Text(),
            RateCard = Shared(reader.Text()),
            Discount = Percent.From(reader.Credits().Value),
            CreditLimit = reader.Credits(),
            Period = Period.Of(reader.Enum<PeriodUnit>(), reader.Instant()),
            Metadata = ReadMetadata(ref reader),
        };
        return Shared(read);
    }

    /// <summary>One string for the name that most accounts have, where the program has it as a constant.</summary>
    private static string Shared(string name) => string.IsInterned(name) ?? name;

    private static KeyValuePair<string, string>[] ReadMetadata(ref ByteReader reader)
    {
        var count = reader.Count();
        var metadata = count == 0 ? [] : new KeyValuePair<string, string>[count];
        for (var i = 0; i < metadata.Length; i++)
        {
            metadata[i] = new KeyValuePair<string, string>(reader.Text(), reader.Text());
        }

        return metadata;
    }
}
