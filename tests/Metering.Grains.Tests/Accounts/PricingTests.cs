using Metering.Contracts;

namespace Metering.Grains.Tests.Accounts;

/// <summary>Rate cards that are missing, late or new, as the account meets them.</summary>
public sealed class PricingTests
{
    private readonly World _world = new();

    [BoundedFact]
    public async Task Without_its_card_an_account_refuses_charges_and_takes_them_as_soon_as_it_is_published()
    {
        await using var cluster = await AccountCluster.StartAsync(_world);
        var acme = await cluster.FundAsync("acme", 10m);
        await acme.Charge(Requests.Calls("c", 1m)).Refused(Code.RateCardNotFound);
        await acme.Charge(Requests.Calls("c", 1m, ChargeMode.Record)).Refused(Code.RateCardNotFound);
        await acme.Quote(Requests.Calls("c", 1m), draft: null).Refused(Code.RateCardNotFound);
        await acme.PlaceHold(new HoldRequest { Id = "h", Meter = "api.calls", Quantity = 1m }).Refused(Code.RateCardNotFound);
        await acme.PlaceHold(Requests.Hold("h", 1m)).Granted();
        await acme.Release(new ReleaseRequest("r", "h")).Granted();
        await cluster.PublishAsync(AccountRequest.DefaultRateCard, unitPrice: 1m);
        Assert.Equal(9m, (await acme.Charge(Requests.Calls("c", 1m)).Granted()).Balance);
    }

    [BoundedFact]
    public async Task A_new_version_prices_the_next_charge_and_a_retry_keeps_the_old_price()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 100m);
        Assert.Equal(5m, (await acme.Charge(Requests.Calls("before", 5m)).Granted()).Credits);
        _world.Clock.Advance(TimeSpan.FromSeconds(1));
        await cluster.PublishAsync(AccountRequest.DefaultRateCard, unitPrice: 2m);
        Assert.Equal(10m, (await acme.Charge(Requests.Calls("after", 5m)).Granted()).Credits);
        Assert.Equal(5m, (await acme.Charge(Requests.Calls("before", 5m)).Granted()).Credits);
    }

    [BoundedFact]
    public async Task When_cards_cannot_be_loaded_callers_hear_unavailable_nothing_is_charged_and_later_all_is_well()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        await cluster.PublishAsync("special", unitPrice: 3m);
        var acme = await cluster.FundAsync("acme", 10m);
        await acme.Put(new AccountRequest { RateCard = "special" }).Granted();
        await cluster.DisposeAsync();

        await using var next = await AccountCluster.StartAsync(_world);
        acme = next.Account("acme");
        next.Cards.Failure = () => new TimeoutException("The card's grain does not answer.");
        var refusal = await acme.Charge(Requests.Calls("c", 1m)).Refused(Code.Unavailable);
        Assert.Equal(TimeSpan.FromSeconds(1), refusal.RetryAfter);
        Assert.All(await acme.ChargeMany([Requests.Calls("c", 1m), Requests.Calls("d", 1m)]), answer => answer.Refused(Code.Unavailable));
        await acme.Quote(Requests.Calls("c", 1m), draft: null).Refused(Code.Unavailable);
        await acme.PlaceHold(Requests.Hold("h", 1m)).Refused(Code.Unavailable);
        await acme.Put(new AccountRequest { RateCard = "another" }).Refused(Code.Unavailable);
        Assert.Equal((10m, 3L), ((await acme.Get().Granted()).Balance, (await acme.Get().Granted()).Sequence));

        next.Cards.Failure = null;
        Assert.Equal(7m, (await acme.Charge(Requests.Calls("c", 1m)).Granted()).Balance);
    }

    [BoundedFact]
    public async Task A_card_that_is_too_old_each_time_it_comes_is_loaded_a_few_times_and_no_more()
    {
        await using var cluster = await AccountCluster.StartAsync(_world, settings =>
        {
            settings.RateCards.LeadTime = TimeSpan.FromSeconds(4);
            settings.RateCards.RefreshInterval = TimeSpan.FromSeconds(2);
        });
        await cluster.PublishAsync(AccountRequest.DefaultRateCard, unitPrice: 1m);
        _world.Clock.Advance(TimeSpan.FromSeconds(4));
        var acme = await cluster.FundAsync("acme", 10m);
        cluster.Cards.WhileLoading = () => _world.Clock.Advance(TimeSpan.FromSeconds(4));
        cluster.Cards.OnlyLoads = true;
        await acme.Charge(Requests.Calls("c", 1m)).Refused(Code.Unavailable);
        Assert.Equal(3, cluster.Cards.Loads);
        cluster.Cards.WhileLoading = static () => { };
        cluster.Cards.OnlyLoads = false;
        Assert.Equal(9m, (await acme.Charge(Requests.Calls("c", 1m)).Granted()).Balance);
    }

    [BoundedFact]
    public async Task Charges_that_wait_for_the_card_together_are_all_priced_and_load_it_once()
    {
        await using (var first = await AccountCluster.StartPricedAsync(_world))
        {
            await first.FundAsync("acme", 100m);
        }

        await using var cluster = await AccountCluster.StartAsync(_world);
        var acme = cluster.Account("acme");
        await acme.Get().Granted();
        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => acme.Charge(Requests.Calls($"c{i}", 1m)).Granted()));
        Assert.Equal(1, cluster.Cards.Loads);
        Assert.Equal(0m, (await acme.Get().Granted()).Balance);
    }
}
