using Grpc.Core;
using Metering.Client.Sending;
using Metering.Client.Wire;

namespace Metering.Client;

/// <content>What the ledger tells.</content>
public sealed partial class MeteringClient
{
    /// <summary>The server's own bound for pricing usage again, and some for the way.</summary>
    private static readonly TimeSpan SimulationTime = TimeSpan.FromSeconds(65);

    /// <summary>
    /// What an account was charged in a range, and what it would have been under a draft of a card. Changes nothing. Refused with <see cref="Codes.TooOld"/> when the ledger does not have every entry
    /// it takes, with <see cref="Codes.OutOfRange"/> when those are more than 500,000. It may take a minute, whatever the client's options say.
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
