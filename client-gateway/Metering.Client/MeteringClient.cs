using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Metering.Client.Sending;
using Metering.Client.Wire;

namespace Metering.Client;

/// <summary>
/// Meters usage over gRPC. One client serves a whole process; it is safe for use by many threads at once.
/// </summary>
/// <remarks>
/// A refusal is an ordinary answer and comes as a value. A call that got no answer is sent again under the same id, which the account
/// recognises, so it is never charged twice; when there is still no answer by the deadline, <see cref="MeteringException"/> says that the
/// outcome is unknown. Send the same request again, with the same id, to find out.
/// </remarks>
public sealed partial class MeteringClient : IAsyncDisposable, IDisposable
{
    private static readonly TimeSpan KeepAlivePingDelay = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan KeepAlivePingTimeout = TimeSpan.FromSeconds(10);

    private readonly GrpcChannel _channel;
    private readonly V1.Metering.MeteringClient _calls;
    private readonly Backoff _backoff;
    private readonly Retries _retries;
    private readonly ChargeSender _charges;

    /// <summary>Makes a client of the gateway's gRPC address; it connects when it is first used.</summary>
    /// <param name="address">Such as <c>http://127.0.0.1:8081</c>.</param>
    /// <param name="options">How long it tries and how much it has in work; the defaults, if left out.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public MeteringClient(Uri address, MeteringClientOptions? options = null)
    {
        Options = options ?? new MeteringClientOptions();
        Options.Check();
        _backoff = new Backoff(Options);
        _retries = new Retries(Options, _backoff);
        _channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            MaxReceiveMessageSize = Options.MaxReplyBytes,
            InitialReconnectBackoff = Options.FirstDelay,
            MaxReconnectBackoff = Options.MaxDelay,
            DisposeHttpClient = true,
            HttpHandler = new SocketsHttpHandler
            {
                EnableMultipleHttp2Connections = true,
                ConnectTimeout = Options.AttemptTimeout,
                PooledConnectionLifetime = Options.MaxStreamAge,
                KeepAlivePingDelay = KeepAlivePingDelay,
                KeepAlivePingTimeout = KeepAlivePingTimeout,
            },
        });
        _calls = new V1.Metering.MeteringClient(Options.Key is { } key ? _channel.Intercept(headers => WithKey(headers, key)) : _channel.CreateCallInvoker());
        _charges = new ChargeSender(_calls, Options, _backoff, _retries);
    }

    internal MeteringClientOptions Options { get; }

    /// <summary>
    /// Prices usage and deducts it: all lines or none. Charges made at the same time, by however many callers, travel together in batches over
    /// one stream: make them concurrently, and await them together.
    /// </summary>
    /// <exception cref="MeteringException">No answer came by the deadline; the outcome is unknown.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A quantity cannot travel exactly; nothing was sent.</exception>
    public Task<Answer<ChargeReply>> ChargeAsync(string account, Charge charge, CancellationToken cancellationToken = default) =>
        SendCharge(new AccountCharge(account, charge), Due(), cancellationToken);

    /// <summary>
    /// Charges of any accounts, each on its own, in one call: one answer for each, in order. A charge whose refusal is retryable is not sent
    /// again by itself.
    /// </summary>
    /// <param name="charges">At most 10,000. Those of one account keep their order.</param>
    /// <param name="cancellationToken">Cancels the wait; the outcome is then unknown.</param>
    /// <exception cref="MeteringException">No answer came by the deadline; the outcome is unknown.</exception>
    public Task<Answer<IReadOnlyList<Answer<ChargeReply>>>> ChargeManyAsync(
        IReadOnlyList<AccountCharge> charges, CancellationToken cancellationToken = default)
    {
        var outgoing = charges.Select(charge => new OutgoingCharge(charge, Options.Time)).ToArray();
        return _retries.Run(
            async options =>
            {
                var request = new V1.ChargeManyRequest();
                request.Charges.Add(outgoing.Select(static charge => charge.Send()));
                return ChargeMessages.FromWire(await _calls.ChargeManyAsync(request, options));
            },
            cancellationToken);
    }

    /// <summary>A producer, which numbers its charges: for very high rates. Keep it; make one for each name.</summary>
    /// <param name="name">1 to 100 of <c>A-Z a-z 0-9 . _ : -</c>. Nobody else may charge under it at the same time.</param>
    /// <param name="firstSequence">
    /// The first number, above all that the name ever had. When left out, microseconds since 1970: safe as long as clocks do not go back while no
    /// client runs and no account gets more than a million charges a second.
    /// </param>
    public Producer Producer(string name, long? firstSequence = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var first = firstSequence ?? (Options.Time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        ArgumentOutOfRangeException.ThrowIfLessThan(first, 1, nameof(firstSequence));
        return new Producer(this, name, first);
    }

    /// <summary>What a charge would do now, against the account's rate card or a draft. Changes nothing.</summary>
    /// <exception cref="MeteringException">No answer came by the deadline.</exception>
    public Task<Answer<Quote>> QuoteAsync(string account, Usage usage, RateCard? draft = null, CancellationToken cancellationToken = default) =>
        Send(
            _calls.QuoteAsync,
            new V1.QuoteRequest { Charge = ChargeMessages.QuoteToWire(account, usage), RateCard = draft is null ? null : RateCardMessages.ToWire(draft) },
            ChargeMessages.FromWire,
            cancellationToken);

    /// <summary>A charge, or the settling of a hold, that is still remembered.</summary>
    /// <exception cref="MeteringException">No answer came by the deadline.</exception>
    public Task<Answer<PastCharge>> GetChargeAsync(string account, ChargeId id, CancellationToken cancellationToken = default) =>
        Send(_calls.GetChargeAsync, new V1.GetChargeRequest { Account = account, Id = id.ToString() }, ChargeMessages.PastFromWire, cancellationToken);

    /// <summary>Gives a charge back, wholly or in part.</summary>
    /// <param name="account">The account.</param>
    /// <param name="charge">The charge, or the settling of a hold.</param>
    /// <param name="id">The reversal's own, from the same set as charges' ids. A retry sends the same.</param>
    /// <param name="quantity">Above 0, and only for a charge of one line; all that has not been given back yet, when left out.</param>
    /// <param name="cancellationToken">Cancels the wait; the outcome is then unknown.</param>
    /// <exception cref="MeteringException">No answer came by the deadline; the outcome is unknown.</exception>
    public Task<Answer<ReversalReply>> ReverseAsync(
        string account, ChargeId charge, string id, decimal? quantity = null, CancellationToken cancellationToken = default) =>
        Send(
            _calls.ReverseChargeAsync,
            new V1.ReverseChargeRequest { Account = account, Charge = charge.ToString(), Id = id, Quantity = WireValues.ToWireIfAny(quantity) },
            HoldMessages.FromWire,
            cancellationToken);

    /// <summary>Ends the client. Calls that have no answer yet end with <see cref="MeteringException"/>: await them first.</summary>
    public async ValueTask DisposeAsync()
    {
        await _charges.DisposeAsync();
        _channel.Dispose();
    }

    /// <summary>As <see cref="DisposeAsync"/>, but does not wait until the stream of charges has ended.</summary>
    public void Dispose() => _ = DisposeAsync().AsTask();

    internal Due Due() => new(Options.Time, Options.Deadline);

    internal Task<Answer<ChargeReply>> SendCharge(AccountCharge charge, Due due, CancellationToken cancellationToken) =>
        _charges.Send(charge, due, cancellationToken);

    private static Metadata WithKey(Metadata headers, string key)
    {
        headers.Add("Authorization", $"Bearer {key}");
        return headers;
    }

    private Task<Answer<T>> Send<TRequest, TReply, T>(
        Func<TRequest, CallOptions, AsyncUnaryCall<TReply>> call, TRequest request, Func<TReply, T> fromWire, CancellationToken cancellationToken)
        where T : class =>
        _retries.Run(async options => fromWire(await call(request, options)), cancellationToken);
}
