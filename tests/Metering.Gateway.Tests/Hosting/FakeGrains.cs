using System.Collections.Concurrent;
using System.Reflection;
using Metering.Contracts;

namespace Metering.Gateway.Tests.Hosting;

/// <summary>
/// Grains without a silo: they keep what they were sent and answer what a test set. What a test did not set is answered with a
/// plain success that carries the request's own id.
/// </summary>
internal sealed class FakeGrains : IGrainFactory
{
    private readonly ConcurrentDictionary<string, FakeAccount> _accounts = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, FakeRateCard> _cards = new(StringComparer.Ordinal);

    private (Func<bool> Fails, Exception Failure)? _failing;

    public FakeDirectory Directory { get; } = new();

    public FakeKeyRing Keys { get; } = new();

    public FakeAuditLog Audit { get; } = new();

    public FakeLedger Ledger { get; } = new();

    /// <summary>From now on each call of any grain, but those with the keys and the audit log, first asks whether it is to fail.</summary>
    public void FailWhile(Func<bool> fails, Exception failure) => _failing = (fails, failure);

    public FakeAccount Account(string account) => _accounts.GetOrAdd(account, static id => new FakeAccount(id));

    public FakeRateCard RateCard(string card) => _cards.GetOrAdd(card, static id => new FakeRateCard(id));

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey =>
        Failing(typeof(TGrainInterface) == typeof(IAccountGrain)
            ? (TGrainInterface)(object)Account(primaryKey)
            : typeof(TGrainInterface) == typeof(IAccountHistoryGrain) ? (TGrainInterface)(object)new FakeHistory(primaryKey)
            : typeof(TGrainInterface) == typeof(ISimulationGrain) ? (TGrainInterface)(object)new FakeSimulation()
            : typeof(TGrainInterface) == typeof(ILedgerGrain) ? (TGrainInterface)(object)Ledger
            : (TGrainInterface)(object)RateCard(primaryKey));

    public TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithIntegerKey =>
        typeof(TGrainInterface) == typeof(IKeyRingGrain) ? (TGrainInterface)(object)Keys
        : typeof(TGrainInterface) == typeof(IAuditLogGrain) ? (TGrainInterface)(object)Audit
        : Failing(typeof(TGrainInterface) == typeof(IUsageGrain) ? (TGrainInterface)(object)new FakeUsage() : (TGrainInterface)(object)Directory);

    public TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithGuidKey => throw new NotSupportedException();

    public TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string keyExtension, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithGuidCompoundKey => throw new NotSupportedException();

    public TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string keyExtension, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithIntegerCompoundKey => throw new NotSupportedException();

    public TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver => throw new NotSupportedException();

    public void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver => throw new NotSupportedException();

    public IGrain GetGrain(Type grainInterfaceType, Guid grainPrimaryKey) => throw new NotSupportedException();

    public IGrain GetGrain(Type grainInterfaceType, long grainPrimaryKey) => throw new NotSupportedException();

    public IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey) => throw new NotSupportedException();

    public IGrain GetGrain(Type grainInterfaceType, Guid grainPrimaryKey, string keyExtension) => throw new NotSupportedException();

    public IGrain GetGrain(Type grainInterfaceType, long grainPrimaryKey, string keyExtension) => throw new NotSupportedException();

    public IAddressable GetGrain(Type grainInterfaceType, IdSpan grainKey) => throw new NotSupportedException();

    public IAddressable GetGrain(Type grainInterfaceType, IdSpan grainKey, string grainClassNamePrefix) => throw new NotSupportedException();

    public TGrainInterface GetGrain<TGrainInterface>(GrainId grainId)
        where TGrainInterface : IAddressable => throw new NotSupportedException();

    public IAddressable GetGrain(GrainId grainId) => throw new NotSupportedException();

    public IAddressable GetGrain(GrainId grainId, GrainInterfaceType interfaceType) => throw new NotSupportedException();

    private TGrainInterface Failing<TGrainInterface>(TGrainInterface grain)
    {
        if (_failing is not { } failing)
        {
            return grain;
        }

        var proxy = DispatchProxy.Create<TGrainInterface, FailingGrain>();
        ((FailingGrain)(object)proxy!).Set(grain!, failing.Fails, failing.Failure);
        return proxy;
    }
}

/// <summary>A grain that fails its calls for as long as a test says so.</summary>
public class FailingGrain : DispatchProxy
{
    private object? _grain;
    private Func<bool>? _fails;
    private Exception? _failure;

    public void Set(object grain, Func<bool> fails, Exception failure) => (_grain, _fails, _failure) = (grain, fails, failure);

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        _fails!() ? throw _failure! : targetMethod!.Invoke(_grain, args);
}

internal sealed class FakeAccount(string account) : IAccountGrain
{
    public ConcurrentQueue<ChargeRequest> Charges { get; } = new();
    public ConcurrentQueue<int> Batches { get; } = new();
    public AccountRequest? Settings { get; private set; }
    public GrantRequest? Grant { get; private set; }
    public string? Voided { get; private set; }
    public string? ChargeRead { get; private set; }
    public (ChargeRequest Charge, RateCardDraft? Draft)? Quoted { get; private set; }
    public HoldRequest? Hold { get; private set; }
    public SettleRequest? Settled { get; private set; }
    public ReleaseRequest? Released { get; private set; }
    public ReversalRequest? Reversal { get; private set; }
    public BudgetRequest? Budget { get; private set; }
    public string? BudgetDeleted { get; private set; }
    public PolicyRequest? Policy { get; private set; }
    public bool Closed { get; private set; }

    public Func<ChargeRequest, Task<Answer<ChargeReply>>> OnCharge { get; set; } = charge => Task.FromResult<Answer<ChargeReply>>(Samples.Charged(charge.Id));
    public Func<Task<Answer<AccountView>>> OnGet { get; set; } = () => Task.FromResult<Answer<AccountView>>(Samples.Account(account));
    public Func<Task<Answer<GrantReply>>> OnGrant { get; set; } = () => Task.FromResult<Answer<GrantReply>>(Samples.Granted);
    public Func<Task<Answer<ChargeView>>> OnGetCharge { get; set; } = () => Task.FromResult<Answer<ChargeView>>(Samples.ChargeView);
    public Func<Task<Answer<QuoteReply>>> OnQuote { get; set; } = () => Task.FromResult<Answer<QuoteReply>>(Samples.Quote);

    public Func<HoldRequest, Task<Answer<HoldReply>>> OnHold { get; set; } = hold => Task.FromResult<Answer<HoldReply>>(Samples.Held(hold.Id));
    public Func<SettleRequest, Task<Answer<SettleReply>>> OnSettle { get; set; } = settle =>
        Task.FromResult<Answer<SettleReply>>(Samples.Settled(settle.Id, settle.Hold));

    public Func<ReleaseRequest, Task<Answer<SettleReply>>> OnRelease { get; set; } = release =>
        Task.FromResult<Answer<SettleReply>>(Samples.Settled(release.Id, release.Hold) with { Outcome = SettleOutcome.Released });

    public Func<ReversalRequest, Task<Answer<ReversalReply>>> OnReverse { get; set; } = reversal =>
        Task.FromResult<Answer<ReversalReply>>(Samples.Reversed(reversal.Id, reversal.Charge));

    public Func<Task<Answer<BudgetView>>> OnBudget { get; set; } = () => Task.FromResult<Answer<BudgetView>>(Samples.Budget);
    public Func<Task<Answer<PolicyView>>> OnPolicy { get; set; } = () => Task.FromResult<Answer<PolicyView>>(Samples.Policy);

    /// <summary>Knows of nothing, and leaves it to the ledger.</summary>
    public Func<Task<Answer<AccountUsage>>> OnReadUsage { get; set; } = () => Task.FromResult<Answer<AccountUsage>>(new AccountUsage { IsCovered = false, Usage = [] });

    /// <summary>Nothing happens, for as long as a test does not say otherwise.</summary>
    public Func<long, TimeSpan, Task<Answer<WatchPage>>> OnWatch { get; set; } = static async (after, patience) =>
    {
        try
        {
            await new TaskCompletionSource().Task.WaitAsync(patience);
        }
        catch (TimeoutException)
        {
            // Patience is at an end.
        }

        return new WatchPage { Changes = [], Through = after };
    };

    public Task<Answer<AccountView>> Put(AccountRequest settings)
    {
        Settings = settings;
        return OnGet();
    }

    public Task<Answer<AccountView>> Get() => OnGet();

    public Task<Answer<GrantReply>> AddGrant(GrantRequest grant)
    {
        Grant = grant;
        return OnGrant();
    }

    public Task<Answer<GrantReply>> VoidGrant(string grant)
    {
        Voided = grant;
        return OnGrant();
    }

    public Task<Answer<ChargeReply>> Charge(ChargeRequest charge)
    {
        Charges.Enqueue(charge);
        return OnCharge(charge);
    }

    public async Task<IReadOnlyList<Answer<ChargeReply>>> ChargeMany(IReadOnlyList<ChargeRequest> charges)
    {
        Batches.Enqueue(charges.Count);
        var answers = new List<Answer<ChargeReply>>();
        foreach (var charge in charges)
        {
            answers.Add(await Charge(charge));
        }

        return answers;
    }

    public Task<Answer<ChargeView>> GetCharge(string id)
    {
        ChargeRead = id;
        return OnGetCharge();
    }

    public Task<Answer<AccountUsage>> ReadUsage(DateTimeOffset from, DateTimeOffset to, UsageWindow window) => OnReadUsage();

    public Task<Answer<QuoteReply>> Quote(ChargeRequest charge, RateCardDraft? draft)
    {
        Quoted = (charge, draft);
        return OnQuote();
    }

    public Task<Answer<HoldReply>> PlaceHold(HoldRequest hold)
    {
        Hold = hold;
        return OnHold(hold);
    }

    public Task<Answer<SettleReply>> Settle(SettleRequest settle)
    {
        Settled = settle;
        return OnSettle(settle);
    }

    public Task<Answer<SettleReply>> Release(ReleaseRequest release)
    {
        Released = release;
        return OnRelease(release);
    }

    public Task<Answer<ReversalReply>> Reverse(ReversalRequest reversal)
    {
        Reversal = reversal;
        return OnReverse(reversal);
    }

    public Task<Answer<BudgetView>> PutBudget(BudgetRequest budget)
    {
        Budget = budget;
        return OnBudget();
    }

    public Task<Answer<BudgetView>> DeleteBudget(string budget)
    {
        BudgetDeleted = budget;
        return OnBudget();
    }

    public Task<Answer<PolicyView>> PutPolicy(PolicyRequest policy)
    {
        Policy = policy;
        return OnPolicy();
    }

    public Task<Answer<AccountView>> Close()
    {
        Closed = true;
        return OnGet();
    }

    public Task<Answer<WatchPage>> Watch(long after, TimeSpan patience) => OnWatch(after, patience);
}

internal sealed class FakeRateCard(string card) : IRateCardGrain
{
    public RateCardDraft? Draft { get; private set; }
    public int? VersionRead { get; private set; }
    public Func<Task<Answer<PublishReply>>> OnPublish { get; set; } = () => Task.FromResult<Answer<PublishReply>>(Samples.Published(card));
    public Func<Task<Answer<RateCardView>>> OnGet { get; set; } = () => Task.FromResult<Answer<RateCardView>>(Samples.RateCard(card));

    public Task<Answer<PublishReply>> Publish(RateCardDraft draft)
    {
        Draft = draft;
        return OnPublish();
    }

    public Task<Answer<RateCardView>> Get(int? version)
    {
        VersionRead = version;
        return OnGet();
    }

    public Task<IReadOnlyList<RateCardView>> GetAfter(int version) => throw new NotSupportedException();
}

internal sealed class FakeDirectory : IAccountDirectoryGrain
{
    public (string Prefix, string After, int Limit)? Listed { get; private set; }
    public Func<Task<AccountPage>> OnList { get; set; } = () => Task.FromResult(new AccountPage([], More: false));

    public Task<AccountPage> List(string prefix, string after, int limit)
    {
        Listed = (prefix, after, limit);
        return OnList();
    }
}

internal sealed class FakeUsage : IUsageGrain
{
    public static UsageReply Reply { get; } = new()
    {
        Rows = [new UsageRow(Samples.At, Samples.At.AddHours(1), ["llm.tokens"], 1200m, 0.072m, 1)],
        Source = UsageSource.Segments,
        Damaged = ["date=2026-01-31/hour=12/partition-0000-000000000001-000000000002.parquet"],
    };

    public Task<Answer<UsageReply>> Read(UsageRequest request) => Task.FromResult<Answer<UsageReply>>(Reply);
}

internal sealed class FakeLedger : ILedgerGrain
{
    public Task<Answer<LedgerCheck>> Verify(DateTimeOffset? from, DateTimeOffset? to) => Task.FromResult<Answer<LedgerCheck>>(
        new LedgerCheck { Rows = 42, First = 1, Last = 42, Break = new LedgerBreak(17, 0, LedgerBreakReason.Changed), Damaged = FakeUsage.Reply.Damaged });

    public UsageReply Usage { get; set; } = FakeUsage.Reply;

    public Task<Answer<UsageReply>> ReadUsage(UsageRequest request) => Task.FromResult<Answer<UsageReply>>(Usage);

    /// <summary>One of the meter <c>cut</c> is gone before its end.</summary>
    public Task<Answer<LedgerFile>> OpenFile(LedgerRequest request) => Task.FromResult<Answer<LedgerFile>>(new LedgerFile(Guid.Empty, request.Meter == "cut" ? 8 : 4, FakeUsage.Reply.Damaged));

    public Task<Answer<LedgerFilePart>> ReadFile(Guid file, long offset) => Task.FromResult<Answer<LedgerFilePart>>(new LedgerFilePart(offset == 0 ? "PAR1"u8.ToArray() : default(ReadOnlyMemory<byte>)));

    public Task<Answer<LedgerFilePart>> CloseFile(Guid file) => Task.FromResult<Answer<LedgerFilePart>>(new LedgerFilePart(default(ReadOnlyMemory<byte>)));

    public Func<LedgerRequest, Task<Answer<LedgerPage>>> OnRead { get; set; } = static request => Task.FromResult<Answer<LedgerPage>>(PageOf(request));

    public Task<Answer<LedgerPage>> Read(LedgerRequest request) => OnRead(request);

    public static LedgerPage PageOf(LedgerRequest request) => new()
    {
        Lines =
        [
            new LedgerLine
            {
                Sequence = 43,
                Line = 1,
                At = Samples.At,
                Time = Samples.At,
                Kind = ChangeKind.Charged,
                Subject = "req-1",
                Meter = "llm.tokens",
                Quantity = 1200m,
                Credits = -0.072m,
                Balance = 99.928m,
                Available = 99.928m,
                Card = "default",
                Version = 3,
                Price = "gpt4-out",
                Dimensions = new Dictionary<string, string> { ["model"] = "gpt-4" },
                Tiers = """[{"tier":1,"quantity":"1","unitPrice":"1","flatPrice":"1","credits":"1"},{"adjustment":"cap","credits":"-1"}]""",
                Burned = [new GrantBurn("plan", 0.072m)],
                OverageAdded = 1m,
                Uncovered = 1m,
                Mode = "enforce",
                Hold = "h1",
                Held = -1m,
                Reverses = "req-0",
            },
        ],
        More = request.After == 0,
        OpeningBalance = 100m,
        ClosingBalance = 99.928m,
        Damaged = ["date=2026-01-31/hour=12/partition-0000-000000000001-000000000002.parquet"],
    };
}

/// <summary>The keys a test puts in; what is added by calls is answered and forgotten, so that a gateway without keys stays without.</summary>
internal sealed class FakeKeyRing : IKeyRingGrain
{
    private volatile KeyRing _ring = KeyRing.Empty;

    public KeyRing Ring
    {
        get => _ring;
        set => _ring = value with { Version = _ring.Version + 1 };
    }

    public Func<Exception?> Fails { get; set; } = static () => null;

    /// <summary>Whether the last that ended a key said that administrators have no other way in than keys.</summary>
    public bool? WasOnlyWayIn { get; private set; }

    public Task<KeyRing?> GetAfter(long version)
    {
        if (Fails() is { } failure)
        {
            throw failure;
        }

        var ring = Ring;
        return Task.FromResult(ring.Version == version ? null : ring);
    }

    public Task<Answer<ApiKey>> Add(ApiKey key, bool onlyAsFirst) => Task.FromResult<Answer<ApiKey>>(key with { CreatedAt = Samples.At });

    public Task<Answer<ApiKey>> Rotate(string id, byte[] sha256, TimeSpan overlap) =>
        Task.FromResult<Answer<ApiKey>>(Samples.Key with { Id = id, Secrets = [new KeySecret(sha256, null), new KeySecret([], Samples.At + overlap)] });

    public Task<Answer<ApiKey>> Revoke(string id) => Revoke(id, isOnlyWayIn: false);

    public Task<Answer<ApiKey>> RotateUnlessLastAdmin(string id, byte[] sha256, TimeSpan overlap) => Rotate(id, sha256, overlap);

    public Task<Answer<ApiKey>> RevokeUnlessLastAdmin(string id) => Revoke(id, isOnlyWayIn: true);

    public Task<Answer<KeyRing>> GetForTokens() => Task.FromResult<Answer<KeyRing>>(Ring with { TokenSecret = [1, 2, 3] });

    private Task<Answer<ApiKey>> Revoke(string id, bool isOnlyWayIn)
    {
        WasOnlyWayIn = isOnlyWayIn;
        return Task.FromResult<Answer<ApiKey>>(Samples.Key with { Id = id, RevokedAt = Samples.At });
    }
}

internal sealed class FakeHistory(string account) : IAccountHistoryGrain
{
    public Task<Answer<AccountView>> GetAt(DateTimeOffset at) => Task.FromResult<Answer<AccountView>>(Samples.Account(account));

    public Task<Answer<AccountView>> GetAfter(long sequence) => Task.FromResult<Answer<AccountView>>(Samples.Account(account));
}

internal sealed class FakeSimulation : ISimulationGrain
{
    public Task<Answer<SimulationReply>> Simulate(SimulationRequest request) => Task.FromResult<Answer<SimulationReply>>(
        new SimulationReply { Meters = [new SimulatedMeter("llm.tokens", 1200m, 200m, 0.072m, 0.06m)], Lines = 3, Entries = 5 });
}
