using Metering.Contracts;
using Metering.Core;
using Metering.Core.Pricing;
using RateCardDraft = Metering.Contracts.RateCardDraft;

namespace Metering.Grains.Accounts;

/// <summary>Charges, quotes and holds.</summary>
public sealed partial class AccountGrain
{
    /// <summary>How often the card is loaded for one request: it may change its name, or grow too old to price by, meanwhile.</summary>
    private const int MaxCardLoads = 3;

    public async Task<Answer<ChargeReply>> Charge(ChargeRequest charge)
    {
        if (!TryCard(out var card))
        {
            (card, var late) = await CardAsync();
            if (late is not null)
            {
                return late;
            }
        }

        var prepared = PreparedCharge.From(charge);
        return await Turn(now =>
        {
            EntryFrame.Begin();
            var answer = Charge(prepared, now, card);
            Append();
            return answer;
        });
    }

    public async Task<IReadOnlyList<Answer<ChargeReply>>> ChargeMany(IReadOnlyList<ChargeRequest> charges)
    {
        var answers = new Answer<ChargeReply>[charges.Count];
        var (card, late) = await CardAsync();
        if (late is not null)
        {
            Array.Fill(answers, late);
            return answers;
        }

        if (AttemptTime.IsOver(_time.GetUtcNow()))
        {
            Array.Fill(answers, TooLate());
            return answers;
        }

        var prepared = new PreparedCharge[charges.Count];
        for (var i = 0; i < prepared.Length; i++)
        {
            prepared[i] = PreparedCharge.From(charges[i]);
        }

        Task settled;
        lock (this)
        {
            settled = ChargeInTurn(prepared, answers, card, _time.GetUtcNow());
        }

        if (await FailureAsync(settled) is { } lost)
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
            ? AccountMapping.View(charge, _account.ReversedOf(id))
            : Refuse(Outcome.ChargeNotFound, id);
    });

    public async Task<Answer<QuoteReply>> Quote(ChargeRequest charge, RateCardDraft? draft)
    {
        RateCard? card;
        if (draft is not null)
        {
            // Under the account's own card's name, so that the draft goes on from what its prices have counted.
            var name = _outOfService is null && _account.Exists ? _account.Settings.RateCard : AccountRequest.DefaultRateCard;
            if (RateCardMapping.Build(name, version: 0, DateTimeOffset.MinValue, draft, out var faults) is not { } version)
            {
                return Refusal.Invalid(faults);
            }

            card = new RateCard(name, [version]);
        }
        else if (!TryCard(out card))
        {
            (card, var late) = await CardAsync();
            if (late is not null)
            {
                return late;
            }
        }

        return await Turn<QuoteReply>(now =>
        {
            var decision = _account.DecideQuote(AccountMapping.Charge(charge), now, card);
            return decision.Outcome == Outcome.Done
                ? AccountMapping.Quote(decision.Charged!)
                : Refuse(decision.Outcome, charge.Lines[decision.Why.Line].Meter, decision.Why);
        });
    }

    public async Task<Answer<HoldReply>> PlaceHold(HoldRequest hold)
    {
        var (card, late) = await CardAsync();
        return late is not null ? late : await Turn<HoldReply>(now =>
        {
            var decision = _account.DecideHold(AccountMapping.Hold(hold), now, card);
            if (decision.Outcome != Outcome.Done)
            {
                return Refuse(decision.Outcome, SubjectOf(decision.Outcome, hold.Id, hold.Meter), decision.Why);
            }

            if (!decision.Replayed)
            {
                Commit(decision.Held!);
            }

            return AccountMapping.Reply(decision.Held!, decision.Replayed);
        });
    }

    public async Task<Answer<SettleReply>> Settle(SettleRequest settle)
    {
        var (card, late) = await CardAsync();
        return late is not null ? late : await Turn<SettleReply>(now =>
        {
            var decision = _account.DecideSettle(AccountMapping.Settle(settle), now, card);
            if (decision.Outcome != Outcome.Done)
            {
                return Refuse(decision.Outcome, SubjectOf(decision.Outcome, settle.Id, settle.Hold), decision.Why);
            }

            if (!decision.Replayed)
            {
                Commit(decision.Settled!, decision.Crossings);
            }

            return AccountMapping.Reply(decision.Settled!, decision.Replayed, settle.Explain);
        });
    }

    public Task<Answer<SettleReply>> Release(ReleaseRequest release) => Turn<SettleReply>(now =>
    {
        var decision = _account.DecideRelease(release.Id, release.Hold, now);
        if (decision.Outcome != Outcome.Done)
        {
            return Refuse(decision.Outcome, SubjectOf(decision.Outcome, release.Id, release.Hold));
        }

        if (!decision.Replayed)
        {
            Commit(decision.Released!);
        }

        return AccountMapping.Reply(decision.Released!, decision.Replayed);
    });

    /// <summary>What a refusal speaks of: the id, when that was the matter, or else what the request was about.</summary>
    private static string SubjectOf(Outcome outcome, string id, string? about) => outcome == Outcome.IdReused ? id : about ?? id;

    /// <summary>The account's card, if this silo has it at hand (null: there is none by that name).</summary>
    private bool TryCard(out RateCard? card)
    {
        card = null;
        return _outOfService is not null || !_account.Exists || _services.RateCards.TryGet(_account.Settings.RateCard, out card);
    }

    private async ValueTask<(RateCard? Card, Refusal? Late)> CardAsync()
    {
        for (var loads = 0; ; loads++)
        {
            if (TryCard(out var card))
            {
                return (card, null);
            }

            if (loads == MaxCardLoads || !(await LoadCardAsync(_account.Settings.RateCard)).Loaded)
            {
                return (null, CardUnavailable());
            }
        }
    }

    /// <summary>Loads a card; null when there is none by that name. Not loaded: whoever keeps it could not be asked.</summary>
    private async ValueTask<(bool Loaded, RateCard? Card)> LoadCardAsync(string card)
    {
        try
        {
            return (true, await _services.RateCards.LoadAsync(card));
        }
        catch (Exception failure)
        {
            _services.Outages.RateCardNotLoaded(card, Id, failure);
            return (false, null);
        }
    }

    private Refusal CardUnavailable() => new()
    {
        Code = Code.Unavailable,
        Detail = "The rate card could not be read recently enough. Nothing was done: send the request again.",
        Account = Id,
        RetryAfter = TimeSpan.FromSeconds(1),
    };
}
