using System.Runtime.CompilerServices;
using Metering.Client.Sending;
using Metering.Client.Wire;

namespace Metering.Client;

/// <content>Accounts, grants, and what is set on them.</content>
public sealed partial class MeteringClient
{
    /// <summary>Creates an account or replaces its settings.</summary>
    /// <exception cref="MeteringException">No answer came by the deadline; the outcome is unknown.</exception>
    public Task<Answer<Account>> PutAccountAsync(string account, AccountSettings settings, CancellationToken cancellationToken = default) =>
        Send(
            _calls.PutAccountAsync,
            new V1.PutAccountRequest { Account = account, Settings = AccountMessages.ToWire(settings) },
            AccountMessages.FromWire,
            cancellationToken);

    /// <summary>Reads an account: its balance, grants, holds, budgets and policy, all of the same instant.</summary>
    /// <exception cref="MeteringException">No answer came by the deadline.</exception>
    public Task<Answer<Account>> GetAccountAsync(string account, CancellationToken cancellationToken = default) =>
        Send(_calls.GetAccountAsync, new V1.GetAccountRequest { Account = account }, AccountMessages.FromWire, cancellationToken);

    /// <summary>
    /// Reads an account as it was at an instant, with the holds that were open. Refused with <see cref="Codes.TooOld"/> when the server has not kept the entries that it takes, and with
    /// <see cref="Codes.OutOfRange"/> when these are too many: more than 500,000 after the last state that it keeps.
    /// </summary>
    /// <exception cref="MeteringException">No answer came by the deadline.</exception>
    public Task<Answer<Account>> GetAccountAtAsync(string account, DateTimeOffset at, CancellationToken cancellationToken = default) =>
        Send(_calls.GetAccountAsync, new V1.GetAccountRequest { Account = account, At = WireValues.ToWire(at) }, AccountMessages.FromWire, cancellationToken);

    /// <summary>Reads an account as it was right after one of its entries, 1 or more. Refused as <see cref="GetAccountAtAsync"/> is.</summary>
    /// <exception cref="MeteringException">No answer came by the deadline.</exception>
    public Task<Answer<Account>> GetAccountAfterAsync(string account, long sequence, CancellationToken cancellationToken = default) =>
        Send(_calls.GetAccountAsync, new V1.GetAccountRequest { Account = account, Sequence = sequence }, AccountMessages.FromWire, cancellationToken);

    /// <summary>A page of accounts.</summary>
    /// <param name="prefix">Only accounts whose id starts with it; all, when empty.</param>
    /// <param name="cursor">Of the page before; null to begin.</param>
    /// <param name="limit">1 to 100.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="MeteringException">No answer came by the deadline.</exception>
    public Task<Answer<AccountPage>> ListAccountsAsync(
        string prefix = "", string? cursor = null, int limit = 50, CancellationToken cancellationToken = default) =>
        Send(
            _calls.ListAccountsAsync,
            new V1.ListAccountsRequest { Prefix = prefix, Cursor = cursor ?? "", Limit = limit },
            AccountMessages.FromWire,
            cancellationToken);

    /// <summary>Closes an account for good; its holds must be settled or released first.</summary>
    /// <exception cref="MeteringException">No answer came by the deadline; the outcome is unknown.</exception>
    public Task<Answer<Account>> CloseAccountAsync(string account, CancellationToken cancellationToken = default) =>
        Send(_calls.CloseAccountAsync, new V1.CloseAccountRequest { Account = account }, AccountMessages.FromWire, cancellationToken);

    /// <summary>
    /// Every change of an account's balance with its cause, as it happens. It goes on by itself after a broken connection or a gateway that
    /// stops: nothing is told twice, and what is no longer at hand is told as <see cref="ChangesSkipped"/>. A refusal is the last event,
    /// <see cref="WatchRefused"/>.
    /// </summary>
    /// <param name="account">The account.</param>
    /// <param name="after">The sequence to go on after; when left out, from now on, beginning with an <see cref="AccountPosition"/>.</param>
    /// <param name="cancellationToken">Ends the watch.</param>
    /// <exception cref="MeteringException">No gateway could be reached for as long as <see cref="MeteringClientOptions.Deadline"/>.</exception>
    /// <exception cref="OperationCanceledException">The watch was ended.</exception>
    public async IAsyncEnumerable<AccountEvent> WatchAsync(
        string account, long? after = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var watch = new AccountWatch(_calls, account, after, Options, _backoff);
        while (true)
        {
            var next = await watch.Next(cancellationToken);
            yield return next;
            if (next is WatchRefused)
            {
                yield break;
            }
        }
    }

    /// <summary>Puts credits into an account.</summary>
    /// <exception cref="MeteringException">No answer came by the deadline; the outcome is unknown.</exception>
    public Task<Answer<GrantReply>> AddGrantAsync(string account, Grant grant, CancellationToken cancellationToken = default) =>
        Send(_calls.AddGrantAsync, GrantMessages.ToWire(account, grant), GrantMessages.FromWire, cancellationToken);

    /// <summary>Forfeits what is left of a grant. Voiding again gets the original answer.</summary>
    /// <exception cref="MeteringException">No answer came by the deadline; the outcome is unknown.</exception>
    public Task<Answer<GrantReply>> VoidGrantAsync(string account, string grant, CancellationToken cancellationToken = default) =>
        Send(_calls.VoidGrantAsync, new V1.VoidGrantRequest { Account = account, Grant = grant }, GrantMessages.FromWire, cancellationToken);

    /// <summary>The account's grants.</summary>
    /// <exception cref="MeteringException">No answer came by the deadline.</exception>
    public Task<Answer<IReadOnlyList<GrantState>>> ListGrantsAsync(string account, CancellationToken cancellationToken = default) =>
        Send(_calls.ListGrantsAsync, new V1.ListGrantsRequest { Account = account }, GrantMessages.FromWire, cancellationToken);

    /// <summary>Creates or replaces a budget. What it has counted stays, unless its scope or window changes.</summary>
    /// <exception cref="MeteringException">No answer came by the deadline; the outcome is unknown.</exception>
    public Task<Answer<BudgetState>> PutBudgetAsync(string account, string id, Budget budget, CancellationToken cancellationToken = default) =>
        Send(_calls.PutBudgetAsync, GovernanceMessages.ToWire(account, id, budget), GovernanceMessages.FromWire, cancellationToken);

    /// <summary>
    /// Removes a budget, and answers it as it was. <see cref="Codes.BudgetNotFound"/> may mean that an attempt that was not heard of had
    /// removed it.
    /// </summary>
    /// <exception cref="MeteringException">No answer came by the deadline; the outcome is unknown.</exception>
    public Task<Answer<BudgetState>> DeleteBudgetAsync(string account, string id, CancellationToken cancellationToken = default) =>
        Send(_calls.DeleteBudgetAsync, new V1.DeleteBudgetRequest { Account = account, Budget = id }, GovernanceMessages.FromWire, cancellationToken);

    /// <summary>Replaces the account's policy; what rate limits have counted stays.</summary>
    /// <exception cref="MeteringException">No answer came by the deadline; the outcome is unknown.</exception>
    public Task<Answer<PolicyState>> PutPolicyAsync(string account, Policy policy, CancellationToken cancellationToken = default) =>
        Send(
            _calls.PutPolicyAsync,
            new V1.PutPolicyRequest { Account = account, Policy = GovernanceMessages.ToWire(policy) },
            GovernanceMessages.FromWire,
            cancellationToken);

    /// <summary>Publishes the next version of a rate card; the same content as the latest version's publishes nothing new.</summary>
    /// <exception cref="MeteringException">No answer came by the deadline; the outcome is unknown.</exception>
    public Task<Answer<PublishReply>> PublishRateCardAsync(string card, RateCard draft, CancellationToken cancellationToken = default) =>
        Send(
            _calls.PublishRateCardAsync,
            new V1.PublishRateCardRequest { Card = card, Draft = RateCardMessages.ToWire(draft) },
            RateCardMessages.FromWire,
            cancellationToken);

    /// <summary>A version of a rate card; the latest, when left out.</summary>
    /// <exception cref="MeteringException">No answer came by the deadline.</exception>
    public Task<Answer<PublishedRateCard>> GetRateCardAsync(string card, int? version = null, CancellationToken cancellationToken = default)
    {
        var request = new V1.GetRateCardRequest { Card = card };
        if (version is { } asked)
        {
            request.Version = asked;
        }

        return Send(_calls.GetRateCardAsync, request, RateCardMessages.FromWire, cancellationToken);
    }
}
