using System.Collections.Concurrent;
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

    public FakeDirectory Directory { get; } = new();

    public FakeAccount Account(string account) => _accounts.GetOrAdd(account, static id => new FakeAccount(id));

    public FakeRateCard RateCard(string card) => _cards.GetOrAdd(card, static id => new FakeRateCard(id));

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey =>
        typeof(TGrainInterface) == typeof(IAccountGrain)
            ? (TGrainInterface)(object)Account(primaryKey)
            : (TGrainInterface)(object)RateCard(primaryKey);

    public TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithIntegerKey => (TGrainInterface)(object)Directory;

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

    public Func<ChargeRequest, Task<Answer<ChargeReply>>> OnCharge { get; set; } = charge => Task.FromResult<Answer<ChargeReply>>(Samples.Charged(charge.Id));
    public Func<Task<Answer<AccountView>>> OnGet { get; set; } = () => Task.FromResult<Answer<AccountView>>(Samples.Account(account));
    public Func<Task<Answer<GrantReply>>> OnGrant { get; set; } = () => Task.FromResult<Answer<GrantReply>>(Samples.Granted);
    public Func<Task<Answer<ChargeView>>> OnGetCharge { get; set; } = () => Task.FromResult<Answer<ChargeView>>(Samples.ChargeView);
    public Func<Task<Answer<QuoteReply>>> OnQuote { get; set; } = () => Task.FromResult<Answer<QuoteReply>>(Samples.Quote);

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

    public Task<Answer<QuoteReply>> Quote(ChargeRequest charge, RateCardDraft? draft)
    {
        Quoted = (charge, draft);
        return OnQuote();
    }
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
