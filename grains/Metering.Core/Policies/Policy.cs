using Metering.Core.Charges;
using Metering.Core.Encoding;

namespace Metering.Core.Policies;

/// <summary>The policy of an account: its rules, what its rate limits still let through, and what its shadow rules would have refused.</summary>
public sealed class Policy
{
    private static readonly SortedDictionary<PolicyRule, long> NoneShadowed = [];

    private SortedDictionary<PolicyRule, long>? _shadowed;
    private Bucket[] _buckets = [];

    /// <summary>What an account has that never had any: one object for a million of them. It is never changed.</summary>
    internal static Policy None { get; } = new();

    public PolicyTerms Terms { get; private set; } = PolicyTerms.None;

    /// <summary>How many charges and holds each shadow rule would have refused.</summary>
    public IReadOnlyDictionary<PolicyRule, long> Shadowed => _shadowed ?? NoneShadowed;

    /// <summary>What each rate limit lets through, in the order of the terms.</summary>
    public IReadOnlyList<Quantity> LeftAt(DateTimeOffset now) => [.. _buckets.Select(bucket => bucket.LeftAt(now))];

    /// <summary>Whether it counts usage.</summary>
    internal bool Counts => _buckets.Length > 0;

    /// <summary>The first rule that usage breaks of those that need no price; with <paramref name="broken"/> for all of them.</summary>
    internal void CheckUsage(IReadOnlyList<ChargeLine> lines, ref PolicyVerdict broken)
    {
        if (ReferenceEquals(Terms, PolicyTerms.None))
        {
            return;
        }

        if (Terms.Frozen)
        {
            broken.Add(Terms, PolicyRule.Frozen, Outcome.AccountFrozen);
        }

        foreach (var line in lines)
        {
            if (!Terms.Allowed.Fit(line.Meter))
            {
                broken.Add(Terms, PolicyRule.AllowedMeters, Outcome.MeterNotAllowed);
            }

            if (!Terms.Blocked.IsAll && Terms.Blocked.Fit(line.Meter))
            {
                broken.Add(Terms, PolicyRule.BlockedMeters, Outcome.MeterNotAllowed);
            }

            foreach (var required in Terms.RequiredDimensions)
            {
                if (!Array.Exists(line.Dimensions, dimension => dimension.Name == required))
                {
                    broken.Add(Terms, PolicyRule.RequiredDimensions, Outcome.DimensionRequired);
                }
            }
        }
    }

    internal void CheckCredits(Credits credits, ref PolicyVerdict broken)
    {
        if (Terms.MaximumCreditsPerCharge is { } maximum && credits > maximum)
        {
            broken.Add(Terms, PolicyRule.MaximumCreditsPerCharge, Outcome.ChargeTooLarge);
        }
    }

    /// <summary>Whether the rate limits let all lines through together; looks, and takes nothing.</summary>
    internal void CheckRate(IReadOnlyList<ChargeLine> lines, DateTimeOffset now, ref PolicyVerdict broken)
    {
        foreach (var bucket in _buckets)
        {
            var wanted = Wanted(bucket, lines);
            if (wanted > bucket.LeftAt(now).Nanos)
            {
                broken.Add(Terms, PolicyRule.RateLimits, Outcome.RateLimited);
                broken.MustWait(Quantity.TryFromNanos(wanted, out var quantity) ? bucket.WaitFor(quantity, now) : null);
            }
        }
    }

    /// <summary>One that may be changed.</summary>
    internal Policy Own() => ReferenceEquals(this, None) ? new() : this;

    internal void Change(PolicyTerms terms, DateTimeOffset now)
    {
        // A rate limit that is changed keeps what was used of it: otherwise every change would let a burst through.
        var before = _buckets;
        _buckets = [.. terms.RateLimits.Select(limit =>
        {
            var old = Array.Find(before, bucket => bucket.Limit.Meter == limit.Meter);
            var used = old is null ? 0m : old.Limit.Burst.Value - old.LeftAt(now).Value;
            return new Bucket(limit, Quantity.From(Math.Max(0m, limit.Burst.Value - used)), now);
        })];
        Terms = terms;
    }

    /// <summary>Takes usage out of the rate limits, and counts what shadow rules would have refused.</summary>
    internal void Count(IReadOnlyList<ChargeLine> lines, IReadOnlyList<PolicyRule> shadowed, DateTimeOffset now)
    {
        foreach (var bucket in _buckets)
        {
            var wanted = Wanted(bucket, lines);
            if (wanted > 0)
            {
                bucket.Take(Quantity.TryFromNanos(wanted, out var quantity) ? quantity : Quantity.Max, now);
            }
        }

        foreach (var rule in shadowed)
        {
            _shadowed ??= [];
            _shadowed[rule] = _shadowed.GetValueOrDefault(rule) + 1;
        }
    }

    internal void Write(ByteWriter writer)
    {
        Terms.Write(writer);
        foreach (var bucket in _buckets)
        {
            writer.Amount(bucket.Left);
            writer.Instant(bucket.At);
        }

        writer.Count(Shadowed.Count);
        foreach (var (rule, count) in Shadowed)
        {
            writer.Byte((byte)rule);
            writer.Number(count);
        }
    }

    internal static Policy Read(ref ByteReader reader)
    {
        var terms = PolicyTerms.Read(ref reader);
        var policy = new Policy { Terms = terms.SaysTheSameAs(PolicyTerms.None) ? PolicyTerms.None : terms };
        var buckets = new Bucket[policy.Terms.RateLimits.Count];
        for (var i = 0; i < buckets.Length; i++)
        {
            buckets[i] = new Bucket(policy.Terms.RateLimits[i], reader.Quantity(), reader.Instant());
        }

        policy._buckets = buckets;
        for (var left = reader.Count(); left > 0; left--)
        {
            (policy._shadowed ??= [])[reader.Enum<PolicyRule>()] = reader.Number();
        }

        return ReferenceEquals(policy.Terms, PolicyTerms.None) && policy._shadowed is null ? None : policy;
    }

    // In nanos: many lines together may want more than a quantity can be.
    private static Int128 Wanted(Bucket bucket, IReadOnlyList<ChargeLine> lines)
    {
        Int128 wanted = 0;
        for (var i = 0; i < lines.Count; i++)
        {
            if (bucket.Limit.Fits(lines[i].Meter))
            {
                wanted = unchecked(wanted + lines[i].Quantity.Nanos);
            }
        }

        return wanted;
    }
}

/// <summary>The rules that usage breaks: those that refuse it, and those in shadow mode that would.</summary>
internal struct PolicyVerdict
{
    private List<Outcome>? _refusals;
    private List<PolicyRule>? _shadowed;

    /// <summary>When a rate limit refused: after which none of them would; null when one always will.</summary>
    internal TimeSpan? RetryAfter { get; private set; }

    /// <summary>A rate limit refused what is larger than it ever lets through at once.</summary>
    internal bool BeyondBurst { get; private set; }

    internal readonly IReadOnlyList<Outcome> Refusals => _refusals ?? (IReadOnlyList<Outcome>)[];

    internal readonly IReadOnlyList<PolicyRule> Shadowed => _shadowed ?? (IReadOnlyList<PolicyRule>)[];

    /// <summary>A rate limit refuses for a time, or for ever when there is none.</summary>
    internal void MustWait(TimeSpan? wait)
    {
        BeyondBurst |= wait is null;
        if (BeyondBurst)
        {
            RetryAfter = null;
        }
        else if (RetryAfter is null || wait > RetryAfter)
        {
            RetryAfter = wait;
        }
    }

    internal void Add(PolicyTerms terms, PolicyRule rule, Outcome outcome)
    {
        if (terms.IsShadow(rule))
        {
            _shadowed ??= [];
            if (!_shadowed.Contains(rule))
            {
                _shadowed.Add(rule);
                _shadowed.Sort();
            }

            return;
        }

        Add(outcome);
    }

    internal void Add(Outcome outcome)
    {
        _refusals ??= [];
        if (!_refusals.Contains(outcome))
        {
            _refusals.Add(outcome);
            _refusals.Sort();
        }
    }
}
