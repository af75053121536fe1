namespace Metering.Core.Tests.Reference;

/// <summary>Which grants pay for lines, one after the other, on a copy of what they have left.</summary>
internal sealed class ReferencePayment(ReferenceAccount account, decimal held)
{
    internal const string Overage = "(overage)";
    internal const string Refund = "(refund)";

    private readonly List<ReferenceGrant> _order = account.InBurnOrder();
    private readonly Dictionary<string, decimal> _left = account.InBurnOrder().ToDictionary(grant => grant.Id, grant => grant.Remaining);
    private readonly List<(string Grant, decimal Credits)> _grants = [];
    private readonly decimal _before = account.Overage;
    private decimal _overage = account.Overage;
    private decimal _refund;

    /// <summary>Credits by grant, each once, then overage, then the refund; negative when they came back.</summary>
    internal List<(string Grant, decimal Credits)> Parts =>
        [.. _grants, .. Part(Overage, _overage - _before), .. Part(Refund, -_refund)];

    internal string Said => string.Join(" ", Parts.OrderBy(part => part.Grant, StringComparer.Ordinal).Select(part => $"{part.Grant}:{Credits.From(part.Credits)}"));

    /// <param name="meter">Empty for no meter in particular.</param>
    internal decimal RoomFor(string meter) => Fitting(meter).Sum(grant => _left[grant.Id]) + account.CreditLimit - _overage - held;

    internal void Take(string meter, decimal credits)
    {
        if (credits < 0m)
        {
            Return(meter, -credits);
            return;
        }

        foreach (var grant in Fitting(meter))
        {
            var part = Math.Min(credits, _left[grant.Id]);
            Move(grant.Id, part);
            credits -= part;
        }

        _overage += credits;
    }

    /// <summary>Gives shares of an earlier payment back: to overage first, then to where they came from; what no grant can take is refunded.</summary>
    internal void GiveBack(List<(string Grant, decimal Credits)> shares)
    {
        foreach (var (grant, credits) in Enumerable.Reverse(shares).OrderBy(share => share.Grant == Overage || share.Grant == Refund ? 0 : 1))
        {
            var overage = Math.Min(credits, _overage);
            _overage -= overage;
            var rest = credits - overage;
            var found = _order.Find(candidate => candidate.Id == grant);
            var returned = Math.Min(rest, found is null ? 0m : found.Had - _left[grant]);
            Move(grant, -returned);
            _refund += rest - returned;
        }
    }

    internal void Commit()
    {
        foreach (var (grant, credits) in _grants)
        {
            account.Grants.Find(candidate => candidate.Id == grant)!.Remaining -= credits;
        }

        account.Refunded(_refund);
        account.Overage = _overage;
    }

    /// <summary>Overage was burned last and is returned first; what no grant can take becomes a refund.</summary>
    private void Return(string meter, decimal credits)
    {
        var overage = Math.Min(credits, _overage);
        _overage -= overage;
        credits -= overage;
        foreach (var grant in Fitting(meter).Reverse())
        {
            var part = Math.Min(credits, grant.Had - _left[grant.Id]);
            Move(grant.Id, -part);
            credits -= part;
        }

        _refund += credits;
    }

    private void Move(string grant, decimal credits)
    {
        if (credits == 0m)
        {
            return;
        }

        _left[grant] -= credits;
        var index = _grants.FindIndex(part => part.Grant == grant);
        var sum = (index < 0 ? 0m : _grants[index].Credits) + credits;
        if (index < 0)
        {
            _grants.Add((grant, sum));
        }
        else if (sum == 0m)
        {
            _grants.RemoveAt(index);
        }
        else
        {
            _grants[index] = (grant, sum);
        }
    }

    private IEnumerable<ReferenceGrant> Fitting(string meter) => _order.Where(grant => grant.Terms.Meters.Fit(meter));

    private static (string Grant, decimal Credits)[] Part(string name, decimal credits) => credits == 0m ? [] : [(name, credits)];
}
