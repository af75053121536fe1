using Metering.Core.Charges;
using Metering.Core.Entries;
using Metering.Core.Pricing;

namespace Metering.Core.Accounts;

/// <summary>
/// An account's usage priced anew under another version of a card, entry by entry as it happened: by the code that charges, on counters that stand as the account's would have stood. It keeps
/// those counters and sums by meter, however many entries there are.
/// </summary>
/// <remarks>
/// <para>What was decided stays decided: usage that was charged is priced, whether or not there would have been credits for it, and an <c>upTo</c> charge that was cut to what was available takes
/// no more than it did. Credits settled as such have no price and stay what they were. A reversal gives back its share of what its charge would have taken; of a charge before
/// the first entry that is given, what it did give back.</para>
/// <para>So the version that did price everything makes no difference, to the last digit. For that it must be given every entry from where the first period begins that counts usage in the
/// range, and a little before, for usage may be stamped ahead.</para>
/// </remarks>
public sealed class Repricing
{
    /// <summary>Meters that are told apart. More than cards have, for an account may change its card.</summary>
    public const int MaxMeters = 10_000;

    private readonly RateCardVersion _draft;
    private readonly DateTimeOffset _from;
    private readonly Dictionary<long, Repriced> _reversed;
    private readonly UsageCounters _counters = new();
    private readonly SortedDictionary<string, RepricedMeter> _meters = new(StringComparer.Ordinal);
    private Percent _discount;

    /// <param name="draft">What to price by.</param>
    /// <param name="from">Entries count from here on; those before only move the counters.</param>
    /// <param name="discount">The account's, before the first entry that is given.</param>
    /// <param name="reversed">The sequences of charges and settles that were given back: only what those would have cost is remembered.</param>
    public Repricing(RateCardVersion draft, DateTimeOffset from, Percent discount, IEnumerable<long> reversed)
    {
        _draft = draft;
        _from = from;
        _discount = discount;
        _reversed = reversed.Distinct().ToDictionary(static sequence => sequence, static _ => new Repriced());
    }

    /// <summary>In the order of their names.</summary>
    public IReadOnlyCollection<RepricedMeter> Meters => _meters.Values;

    /// <summary>Lines of charges and settles that counted.</summary>
    public long Lines { get; private set; }

    /// <summary>Takes the next entry of the account.</summary>
    /// <returns>False when the draft prices it out of range, or there are too many meters: nothing that was counted is of use then.</returns>
    public bool TryTake(Entry entry)
    {
        switch (entry)
        {
            case SettingsChanged changed:
                _discount = changed.Settings.Discount;
                return true;
            case PaidOperation paid:
                return TryTake(paid);
            case Reversed reversed:
                return TryTake(reversed);
            default:
                return true;
        }
    }

    private bool TryTake(PaidOperation paid)
    {
        var credits = new Credits[paid.Lines.Count];
        for (var i = 0; i < credits.Length; i++)
        {
            var line = paid.Lines[i];
            if (!TryPrice(paid, line, out credits[i], out var isPriced)
                || !TryCount(paid, line.Usage.Meter, line.Usage.Quantity.Nanos, line.Taken.Nanos, credits[i].Nanos, isPriced))
            {
                return false;
            }

            Lines += paid.At >= _from ? 1 : 0;
        }

        if (_reversed.TryGetValue(paid.Sequence, out var remembered))
        {
            remembered.Credits = credits;
            remembered.Whole = credits.Length == 1 ? paid.Lines[0].Usage.Quantity : Quantity.Zero;
        }

        return true;
    }

    private bool TryPrice(PaidOperation paid, ChargedLine line, out Credits credits, out bool isPriced)
    {
        (credits, isPriced) = (line.Taken, true);
        if (line.Price.Length == 0)
        {
            return true;
        }

        if (PriceOf(line.Usage.Meter, line.Usage.Dimensions) is not { } price)
        {
            (credits, isPriced) = (Credits.Zero, false);
            return true;
        }

        if (!price.TryLine(_counters.Get(price.Key, paid.PeriodStart), line.Usage.Quantity, _discount, out var priced))
        {
            return false;
        }

        _counters.Add(price.Key, paid.PeriodStart, line.Usage.Quantity);
        var isCut = paid.Mode == ChargeMode.UpTo && paid.Uncovered.IsPositive && !line.Taken.IsNegative;
        credits = isCut ? Credits.Min(priced.Credits, line.Taken) : priced.Credits;
        return true;
    }

    private bool TryTake(Reversed reversed)
    {
        var charge = _reversed.GetValueOrDefault(reversed.ChargedSequence);
        for (var i = 0; i < reversed.Lines.Count; i++)
        {
            var line = reversed.Lines[i];
            var price = line.Price.Length == 0 ? null : PriceOf(line.Meter, line.Dimensions);
            if (price is not null)
            {
                _counters.GiveBack(price.Key, reversed.PeriodStart, line.Quantity);
            }

            var back = charge?.Credits is { } credits ? charge.ShareOf(line.Quantity).Of(credits[i]) : line.Credits;
            if (!TryCount(reversed, line.Meter, -line.Quantity.Nanos, -line.Credits.Nanos, -back.Nanos, isPriced: price is not null || line.Price.Length == 0))
            {
                return false;
            }
        }

        charge?.GiveBack(reversed.Lines[0].Quantity);
        return true;
    }

    private Price? PriceOf(string meter, Dimension[] dimensions) => _draft.FindMeter(meter)?.Match(dimensions);

    private bool TryCount(Entry entry, string meter, Int128 quantity, Int128 credits, Int128 simulated, bool isPriced)
    {
        if (entry.At < _from)
        {
            return true;
        }

        if (!_meters.TryGetValue(meter, out var sums))
        {
            if (_meters.Count == MaxMeters)
            {
                return false;
            }

            _meters.Add(meter, sums = new RepricedMeter(meter));
        }

        sums.Add(quantity, credits, simulated, isPriced);
        return true;
    }

    /// <summary>What a charge that was given back would have cost, and how much of it was given back so far.</summary>
    private sealed class Repriced
    {
        private Quantity _before;

        /// <summary>By line; null when it was before the first entry that was given.</summary>
        internal Credits[]? Credits { get; set; }

        internal Quantity Whole { get; set; }

        /// <summary>The part that is given back next.</summary>
        internal Share ShareOf(Quantity quantity) => Whole.IsZero ? new Share(Quantity.Zero, Quantity.Zero, Whole) : new Share(_before, _before + quantity, Whole);

        internal void GiveBack(Quantity quantity) => _before += Whole.IsZero ? Quantity.Zero : quantity;
    }
}
