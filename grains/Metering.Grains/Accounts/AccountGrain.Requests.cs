using Metering.Contracts;
using Metering.Core.Charges;
using Metering.Core.Pricing;
using RateCardDraft = Metering.Contracts.RateCardDraft;

namespace Metering.Grains.Accounts;

/// <summary>What the account answers: each request is mapped, decided in one turn, and mapped back.</summary>
public sealed partial class AccountGrain
{
    public async Task<Answer<AccountView>> Put(AccountRequest settings)
    {
        if (await _rateCards.LoadAsync(settings.RateCard) is null && settings.RateCard != AccountRequest.DefaultRateCard)
        {
            return new Refusal { Code = Code.RateCardNotFound, Detail = $"There is no rate card {settings.RateCard}.", Account = Id };
        }

        return await Turn<AccountView>(now =>
        {
            if (_account.DecideSettings(AccountMapping.Settings(settings), now) is { } entry)
            {
                Commit(entry);
            }

            return View();
        });
    }

    Task<Answer<AccountView>> IAccountGrain.Get() => Turn<AccountView>(_ => _account.Exists ? View() : NotFoundAndLeave());

    public Task<Answer<GrantReply>> AddGrant(GrantRequest grant) => Turn<GrantReply>(now =>
        Granted(grant.Id, _account.DecideGrant(AccountMapping.Grant(grant), now)));

    public Task<Answer<GrantReply>> VoidGrant(string grant) => Turn<GrantReply>(now =>
        Granted(grant, _account.DecideVoid(grant, now)));

    public async Task<Answer<ChargeReply>> Charge(ChargeRequest charge)
    {
        var card = TryCard(out var known) ? known : await CardAsync();
        return await Turn(now => Charge(charge, now, card));
    }

    public async Task<IReadOnlyList<Answer<ChargeReply>>> ChargeMany(IReadOnlyList<ChargeRequest> charges)
    {
        var card = TryCard(out var known) ? known : await CardAsync();
        var answers = new Answer<ChargeReply>[charges.Count];
        for (var i = 0; i < answers.Length; i++)
        {
            answers[i] = Begin(out var now) is { } refusal ? refusal : Charge(charges[i], now, card);
        }

        if (await SettleAsync() is { } lost)
        {
            Array.Fill(answers, lost);
        }

        return answers;
    }

    public Task<Answer<ChargeView>> GetCharge(string id) => Turn<ChargeView>(_ =>
    {
        if (!_account.Exists)
        {
            return NotFoundAndLeave();
        }

        return _account.FindCharge(id) is { } charge
            ? AccountMapping.View(charge)
            : new Refusal { Code = Code.ChargeNotFound, Detail = $"The account remembers no charge {id}.", Account = Id };
    });

    public async Task<Answer<QuoteReply>> Quote(ChargeRequest charge, RateCardDraft? draft)
    {
        RateCard? card;
        if (draft is null)
        {
            card = TryCard(out var known) ? known : await CardAsync();
        }
        else
        {
            // Under the account's own card's name, so that the draft goes on from what its prices have counted.
            var name = _outOfService is null && _account.Exists ? _account.Settings.RateCard : AccountRequest.DefaultRateCard;
            if (RateCardMapping.Build(name, version: 0, DateTimeOffset.MinValue, draft, out var faults) is not { } version)
            {
                return Refusal.Invalid(faults);
            }

            card = new RateCard(name, [version]);
        }

        return await Turn<QuoteReply>(now =>
        {
            var decision = _account.DecideQuote(AccountMapping.Charge(charge), now, card);
            return decision.Outcome == ChargeOutcome.Charged ? AccountMapping.Quote(decision.Charged!) : Refused(charge, decision);
        });
    }

    private Answer<ChargeReply> Charge(ChargeRequest request, DateTimeOffset now, RateCard? card)
    {
        var decision = _account.DecideCharge(AccountMapping.Charge(request), now, card);
        if (decision.Outcome != ChargeOutcome.Charged)
        {
            return Refused(request, decision);
        }

        if (!decision.Replayed)
        {
            Commit(decision.Charged!);
        }

        return AccountMapping.Reply(decision.Charged!, decision.Replayed, request.Explain);
    }

    /// <summary>The account's card, if this silo has it at hand (null: there is none by that name).</summary>
    private bool TryCard(out RateCard? card)
    {
        card = null;
        return _outOfService is not null || !_account.Exists || _rateCards.TryGet(_account.Settings.RateCard, out card);
    }

    private async Task<RateCard?> CardAsync()
    {
        // The settings may name another card by the time this one is loaded.
        RateCard? card;
        while (!TryCard(out card))
        {
            await _rateCards.LoadAsync(_account.Settings.RateCard);
        }

        return card;
    }
}
