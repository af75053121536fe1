namespace Metering.Contracts;

/// <summary>
/// One account, keyed by its id. Requests come well-formed (the gateway has checked every field); answers are durable
/// as <see cref="Durability"/> says. A call that fails or times out has an unknown outcome: send it again with the same id.
/// </summary>
/// <remarks>
/// Gateways give calls little time, so that what a lost silo held is soon sent elsewhere. Those that need more in good health have a
/// <see cref="ResponseTimeoutAttribute"/>; for this interface and the others here.
/// </remarks>
[Alias("metering.IAccountGrain")]
public interface IAccountGrain : IGrainWithStringKey
{
    /// <summary>Creates the account or replaces its settings. Refuses with <see cref="Code.RateCardNotFound"/>, <see cref="Code.AccountClosed"/>.</summary>
    [Alias("Put")]
    Task<Answer<AccountView>> Put(AccountRequest settings);

    [Alias("Get")]
    Task<Answer<AccountView>> Get();

    /// <summary>Adds a grant; overage is paid from it first. Refuses with <see cref="Code.IdReused"/>, <see cref="Code.OutOfRange"/>.</summary>
    [Alias("AddGrant")]
    Task<Answer<GrantReply>> AddGrant(GrantRequest grant);

    /// <summary>Forfeits what is left of a grant. Voiding again gets the original answer.</summary>
    [Alias("VoidGrant")]
    Task<Answer<GrantReply>> VoidGrant(string grant);

    /// <summary>Checks, prices and deducts.</summary>
    [Alias("Charge")]
    Task<Answer<ChargeReply>> Charge(ChargeRequest charge);

    /// <summary>Several charges in one turn, in order, each on its own: one answer for each.</summary>
    [Alias("ChargeMany")]
    Task<IReadOnlyList<Answer<ChargeReply>>> ChargeMany(IReadOnlyList<ChargeRequest> charges);

    /// <summary>A charge that is still remembered, by its id.</summary>
    [Alias("GetCharge")]
    Task<Answer<ChargeView>> GetCharge(string id);

    /// <summary>Sets credits aside. Refuses as a charge does.</summary>
    [Alias("PlaceHold")]
    Task<Answer<HoldReply>> PlaceHold(HoldRequest hold);

    /// <summary>
    /// Charges a hold's usage. Refuses with <see cref="Code.HoldNotFound"/>, <see cref="Code.HoldClosed"/>, <see cref="Code.HoldExpired"/>, and as a charge does;
    /// a refused settle leaves the hold as it was.
    /// </summary>
    [Alias("Settle")]
    Task<Answer<SettleReply>> Settle(SettleRequest settle);

    /// <summary>Gives a hold's credits back.</summary>
    [Alias("Release")]
    Task<Answer<SettleReply>> Release(ReleaseRequest release);

    /// <summary>
    /// Gives a charge back, wholly or in part; one that the account has forgotten too, as long as the ledger has it and all that came after it. Refuses with
    /// <see cref="Code.ChargeNotFound"/>, <see cref="Code.ExceedsCharge"/>, <see cref="Code.TooOld"/>, <see cref="Code.DetailNotKept"/>.
    /// </summary>
    [Alias("Reverse"), ResponseTimeout("00:00:10")]
    Task<Answer<ReversalReply>> Reverse(ReversalRequest reversal);

    /// <summary>Creates or replaces a budget. What it has counted stays, unless its scope or window changes.</summary>
    [Alias("PutBudget")]
    Task<Answer<BudgetView>> PutBudget(BudgetRequest budget);

    [Alias("DeleteBudget")]
    Task<Answer<BudgetView>> DeleteBudget(string budget);

    /// <summary>Replaces the policy.</summary>
    [Alias("PutPolicy")]
    Task<Answer<PolicyView>> PutPolicy(PolicyRequest policy);

    /// <summary>Closes the account for good; refuses with <see cref="Code.HoldsOpen"/>. Closing again answers as before.</summary>
    [Alias("Close")]
    Task<Answer<AccountView>> Close();

    /// <summary>
    /// What happened after a sequence, oldest first; waits up to <paramref name="patience"/> (at most <see cref="WatchPage.MaxPatience"/>) when nothing has.
    /// </summary>
    [Alias("Watch"), ResponseTimeout("00:00:20")]
    Task<Answer<WatchPage>> Watch(long after, TimeSpan patience);

    /// <summary>What a charge would do, against the account's card or a draft (its id need not be new). Changes nothing.</summary>
    [Alias("Quote")]
    Task<Answer<QuoteReply>> Quote(ChargeRequest charge, RateCardDraft? draft);

    /// <summary>What was used, by window and meter, as the account knows by itself; everything that was acknowledged before is in it.</summary>
    /// <param name="from">Inclusive.</param>
    /// <param name="to">Exclusive; may lie ahead.</param>
    /// <param name="window">What to add up by.</param>
    [Alias("ReadUsage")]
    Task<Answer<AccountUsage>> ReadUsage(DateTimeOffset from, DateTimeOffset to, UsageWindow window);
}

/// <summary>One rate card with all its versions, keyed by its id.</summary>
[Alias("metering.IRateCardGrain")]
public interface IRateCardGrain : IGrainWithStringKey
{
    /// <summary>Publishes the next version, or refuses with every fault of the draft by path.</summary>
    [Alias("Publish"), ResponseTimeout("00:00:10")]
    Task<Answer<PublishReply>> Publish(RateCardDraft draft);

    /// <summary>A version, or the latest published; refuses with <see cref="Code.RateCardNotFound"/>.</summary>
    [Alias("Get")]
    Task<Answer<RateCardView>> Get(int? version);

    /// <summary>All versions above one, oldest first, for the silos' caches.</summary>
    [Alias("GetAfter")]
    Task<IReadOnlyList<RateCardView>> GetAfter(int version);
}

/// <summary>The accounts there are. Keyed 0.</summary>
[Alias("metering.IAccountDirectoryGrain")]
public interface IAccountDirectoryGrain : IGrainWithIntegerKey
{
    /// <summary>Accounts whose id starts with a prefix and comes after another, in ordinal order.</summary>
    /// <param name="prefix">Empty for all.</param>
    /// <param name="after">Exclusive; empty to begin.</param>
    /// <param name="limit">1 to 1,000.</param>
    [Alias("List"), ResponseTimeout("00:00:10")]
    Task<AccountPage> List(string prefix, string after, int limit);
}

/// <summary>Answers on whichever silo it is asked through: gateways ask whether there is one. The key means nothing.</summary>
[Alias("metering.ISiloProbeGrain")]
public interface ISiloProbeGrain : IGrainWithIntegerKey
{
    [Alias("Answer")]
    Task Answer();
}
