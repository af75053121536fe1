using System.Globalization;
using System.Runtime.CompilerServices;
using Grpc.Core;
using Metering.Client.Sending;
using Metering.Client.Wire;

namespace Metering.Client;

/// <content>What the ledger tells.</content>
public sealed partial class MeteringClient
{
    /// <summary>The server's own bound for pricing usage again, and some for the way.</summary>
    private static readonly TimeSpan SimulationTime = TimeSpan.FromSeconds(65);

    /// <summary>The same for questions to the ledger.</summary>
    private static readonly TimeSpan LedgerTime = TimeSpan.FromSeconds(25);

    /// <summary>
    /// What an account was charged in a range, and what it would have been under a draft of a card. Changes nothing. Refused with <see cref="Codes.TooOld"/> when the ledger does not have every entry
    /// it takes, with <see cref="Codes.OutOfRange"/> when those are more than 1,000,000. It may take a minute, whatever the client's options say.
    /// </summary>
    /// <param name="card">The card that the draft is of; it need not exist.</param>
    /// <param name="draft">It is taken to have been in force, whenever it would take effect.</param>
    /// <param name="account">Whose usage.</param>
    /// <param name="from">Usage whose entries are at or after it.</param>
    /// <param name="to">Usage whose entries are before it; at most 400 days later.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="MeteringException">No answer came in time.</exception>
    public Task<Answer<Simulation>> SimulateAsync(
        string card, RateCard draft, string account, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken = default) =>
        SendPatiently(
            _calls.SimulateRateCardAsync,
            new V1.SimulateRateCardRequest { Card = card, Account = account, From = WireValues.ToWire(from), To = WireValues.ToWire(to), Draft = RateCardMessages.ToWire(draft) },
            LedgerMessages.FromWire,
            SimulationTime,
            cancellationToken);

    /// <summary>An account's usage, by window and group: exact, and with everything that was acknowledged.</summary>
    /// <exception cref="MeteringException">No answer came in time.</exception>
    public Task<Answer<UsageReport>> ReadUsageAsync(string account, UsageQuery query, CancellationToken cancellationToken = default) =>
        SendPatiently(_calls.ReadUsageAsync, UsageMessages.ToWire(account, query), UsageMessages.FromWire, LedgerTime, cancellationToken);

    /// <summary>Usage across accounts, by window and group.</summary>
    /// <exception cref="MeteringException">No answer came in time.</exception>
    public Task<Answer<UsageReport>> ReadUsageAsync(UsageQuery query, CancellationToken cancellationToken = default) =>
        SendPatiently(_calls.ReadUsageAcrossAccountsAsync, UsageMessages.ToWire(query), UsageMessages.FromWire, LedgerTime, cancellationToken);

    /// <summary>A page of an account's ledger, oldest first. An entry is there as soon as it was acknowledged.</summary>
    /// <param name="account">Whose.</param>
    /// <param name="query">Which entries.</param>
    /// <param name="cursor">Of the page before; null to begin.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="MeteringException">No answer came in time.</exception>
    public Task<Answer<LedgerPage>> ReadLedgerAsync(string account, LedgerQuery query, string? cursor = null, CancellationToken cancellationToken = default) =>
        SendPatiently(_calls.ReadLedgerAsync, LedgerMessages.ToWire(account, query, cursor), LedgerMessages.FromWire, LedgerTime, cancellationToken);

    /// <summary>
    /// All pages of an account's ledger from a cursor on, oldest first. One is in memory at a time, and the next is asked for when you are done with it. It goes on by itself after a broken
    /// connection. A refusal is the last that comes; the last page has no cursor.
    /// </summary>
    /// <param name="account">Whose.</param>
    /// <param name="query">Which entries.</param>
    /// <param name="cursor">Of the last page that was taken before; null to begin.</param>
    /// <param name="cancellationToken">Ends the stream.</param>
    /// <exception cref="MeteringException">No page came for as long as <see cref="MeteringClientOptions.Deadline"/>: go on from the cursor of the last one.</exception>
    /// <exception cref="OperationCanceledException">The stream was ended.</exception>
    public async IAsyncEnumerable<Answer<LedgerPage>> StreamLedgerAsync(
        string account, LedgerQuery query, string? cursor = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var stream = new LedgerStream(_calls, LedgerMessages.ToWire(account, query, cursor), LedgerTime, Options, _backoff);
        while (true)
        {
            var next = await stream.Next(cancellationToken);
            yield return next;
            if (next.Reply is not { Cursor: not null })
            {
                yield break;
            }
        }
    }

    /// <summary>Follows the hash chain of what is archived of an account's ledger, and names the first place at which it does not hold.</summary>
    /// <param name="account">Whose.</param>
    /// <param name="from">Only entries at or after it; null for no bound.</param>
    /// <param name="to">Only entries before it; null for no bound.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="MeteringException">No answer came in time.</exception>
    public Task<Answer<LedgerCheck>> VerifyLedgerAsync(
        string account, DateTimeOffset? from = null, DateTimeOffset? to = null, CancellationToken cancellationToken = default) =>
        SendPatiently(
            _calls.VerifyLedgerAsync,
            new V1.VerifyLedgerRequest { Account = account, From = WireValues.ToWire(from), To = WireValues.ToWire(to) },
            LedgerMessages.FromWire,
            LedgerTime,
            cancellationToken);

    /// <summary>What a month, in UTC, did to an account's balance.</summary>
    /// <exception cref="MeteringException">No answer came in time.</exception>
    public Task<Answer<Statement>> ReadStatementAsync(string account, int year, int month, CancellationToken cancellationToken = default) =>
        SendPatiently(
            _calls.ReadStatementAsync,
            new V1.ReadStatementRequest { Account = account, Month = string.Create(CultureInfo.InvariantCulture, $"{year:0000}-{month:00}") },
            LedgerMessages.FromWire,
            LedgerTime,
            cancellationToken);

    /// <summary>As any call, but that an attempt may take longer: to ask again would only make it longer still.</summary>
    private Task<Answer<T>> SendPatiently<TRequest, TReply, T>(
        Func<TRequest, CallOptions, AsyncUnaryCall<TReply>> call, TRequest request, Func<TReply, T> fromWire, TimeSpan attempt, CancellationToken cancellationToken)
        where T : class =>
        _retries.Run(
            async options => fromWire(await call(request, options)),
            attempt > Options.AttemptTimeout ? attempt : Options.AttemptTimeout,
            new Due(Options.Time, attempt > Options.Deadline ? attempt : Options.Deadline),
            cancellationToken);
}
