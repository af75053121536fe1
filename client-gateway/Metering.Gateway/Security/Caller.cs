using Metering.Contracts;
using Metering.Gateway.Routing;
using Microsoft.AspNetCore.Http;

namespace Metering.Gateway.Security;

/// <summary>Who calls, and what they may do: found once for a request, and again for each batch of a stream.</summary>
internal sealed class Caller
{
    /// <summary>How those are named in the audit log that came with the key of the settings.</summary>
    public const string BySetting = "setting:AdminKey";

    /// <summary>And those who needed no key: anyone on this machine.</summary>
    public const string Local = "local";

    // Always the same, so that nobody learns from it what there is.
    public static readonly Refusal Forbidden = new() { Code = Code.Forbidden, Detail = "The caller may not do this." };

    /// <summary>For the audit log: <c>key:</c> and its id, <c>jwt:</c> and the subject, <c>token:</c> and the account, or one of those above. No secret.</summary>
    public required string Name { get; init; }

    /// <summary>What their key is called; null when they have none.</summary>
    public string? Label { get; init; }

    public required Role Role { get; init; }

    public NamePatterns Accounts { get; init; } = NamePatterns.All;

    public NamePatterns Meters { get; init; } = NamePatterns.All;

    /// <summary>From then on they are nobody; null for never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The keys they were found among; null when they do not depend on any.</summary>
    public KnownKeys.Ring? Among { get; init; }

    /// <summary>How much they may ask for; null without limit.</summary>
    public CallRate? Rate { get; init; }

    /// <summary>The key that customer tokens they ask for end with; empty when none.</summary>
    public string KeyId { get; init; } = "";

    /// <summary>Whether they were let in without saying who they are, because no keys are needed.</summary>
    public bool IsAnyone { get; init; }

    /// <summary>Whether charges have to be looked at one by one.</summary>
    public bool IsLimited => !Accounts.FitsAll || !Meters.FitsAll;

    /// <summary>Of a request that has passed <see cref="Gatekeeper"/>.</summary>
    /// <exception cref="InvalidOperationException">It has not: a fault of ours, and nothing is done.</exception>
    public static Caller Of(HttpContext context) =>
        context.Features.Get<Caller>() ?? throw new InvalidOperationException("Nobody has asked who calls.");

    /// <summary>Whether an operation's rule lets them, as far as it can be known without what the request says.</summary>
    public bool Meets(AccessRule rule) =>
        rule.Role is not { } least || (Role >= least && (rule.Scope != AccessScope.Installation || Accounts.FitsAll));

    /// <summary>Of a charge of an account they may reach; takes one from their rate.</summary>
    /// <returns>Null when it may go on.</returns>
    public Refusal? Check(ChargeRequest charge) => MayCharge(charge) ? Rate?.TakeCharges(1) : Forbidden;

    /// <summary>Of a charge that names its account itself; takes one from their rate.</summary>
    /// <returns>Null when it may go on.</returns>
    public Refusal? Check(BatchItem item) => MayReach(item.Account) ? Check(item.Charge!) : Forbidden;

    /// <summary>A batch of theirs: what they may not charge, or not so often, refused in its place. For most callers that is nothing, and nothing is looked at.</summary>
    public IReadOnlyList<BatchItem> Allowed(IReadOnlyList<BatchItem> items)
    {
        if (items.Count > 0 && Rate?.TakeCharges(items.Count) is { } tooOften)
        {
            return [.. items.Select(item => item.Refusal is null ? BatchItem.Refused(item.Account, tooOften) : item)];
        }

        return IsLimited
            ? [.. items.Select(item => item.Refusal is null && !(MayReach(item.Account) && MayCharge(item.Charge!)) ? BatchItem.Refused(item.Account, Forbidden) : item)]
            : items;
    }

    public bool MayReach(string account) => Accounts.Fits(account);

    public bool MayCharge(ChargeRequest charge)
    {
        if (Meters.FitsAll)
        {
            return true;
        }

        foreach (var line in charge.Lines)
        {
            if (!Meters.Fits(line.Meter))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>One that sets credits aside without a meter may become anything's, so it takes a caller who may charge everything.</summary>
    public bool MayHold(HoldRequest hold) => Meters.FitsAll || (hold.Meter is { } meter && Meters.Fits(meter));

    /// <summary>Whether they may read usage: of one meter, or of all when null. Those who are limited to meters ask for one of them; sums over others would tell what those used.</summary>
    public bool MayReadUsage(string? meter) => Meters.FitsAll || (meter is not null && Meters.Fits(meter));

    /// <summary>What they may see of an account: nothing of what other meters used or have set aside.</summary>
    public Answer<AccountView> Seen(Answer<AccountView> answer) => Meters.FitsAll || answer.Reply is not { } account ? answer : account with
    {
        Counters = [.. account.Counters.Where(counter => Meters.Fits(counter.Meter))],
        Holds = [.. account.Holds.Where(hold => hold.Meter is null || Meters.Fits(hold.Meter))],
    };

    /// <summary>What they may see of a charge: one of other meters not at all.</summary>
    public Answer<ChargeView> Seen(Answer<ChargeView> answer) =>
        answer.Reply is { } charge && !charge.Lines.All(line => Meters.Fits(line.Meter)) ? Forbidden : answer;
}
