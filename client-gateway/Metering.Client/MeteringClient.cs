using Grpc.Core;
using Grpc.Net.Client;

namespace Metering.Client;

/// <summary>
/// Meters usage over gRPC. One client serves a whole process; it is safe for use by many threads at once.
/// </summary>
/// <remarks>
/// A refusal is an ordinary answer and comes as a value. A call that got no answer is sent again under the same id, which the account
/// recognises, so it is never charged twice; when there is still no answer, <see cref="MeteringException"/> says that the outcome is
/// unknown. Send the same request again, with the same id, to find out.
/// </remarks>
public sealed class MeteringClient : IDisposable
{
    private readonly GrpcChannel _channel;
    private readonly V1.Metering.MeteringClient _calls;
    private readonly Retries _retries;

    /// <summary>Makes a client of the gateway's gRPC address; it connects when it is first used.</summary>
    /// <param name="address">Such as <c>http://127.0.0.1:8081</c>.</param>
    /// <param name="options">How often and how long it tries; the defaults, if left out.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public MeteringClient(Uri address, MeteringClientOptions? options = null)
    {
        options ??= new MeteringClientOptions();
        options.Check();
        _retries = new Retries(options);
        _channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            MaxReceiveMessageSize = options.MaxReplyBytes,
            HttpHandler = new SocketsHttpHandler
            {
                EnableMultipleHttp2Connections = true,
                ConnectTimeout = options.AttemptTimeout,
                KeepAlivePingDelay = TimeSpan.FromSeconds(30),
                KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            },
        });
        _calls = new V1.Metering.MeteringClient(_channel);
    }

    /// <summary>Prices usage and deducts it: all lines or none.</summary>
    /// <exception cref="MeteringException">No answer came; the outcome is unknown.</exception>
    public Task<Answer<ChargeReply>> ChargeAsync(string account, Charge charge, CancellationToken cancellationToken = default) =>
        Send(_calls.ChargeAsync, Messages.ToWire(account, charge), Messages.FromWire, cancellationToken);

    /// <summary>
    /// Charges of any accounts, each on its own: one answer for each, in order. A charge whose refusal is retryable may be sent again.
    /// </summary>
    /// <param name="charges">At most 10,000. Those of one account keep their order.</param>
    /// <param name="cancellationToken">Cancels the wait; the outcome is then unknown.</param>
    /// <exception cref="MeteringException">No answer came; the outcome is unknown.</exception>
    public Task<Answer<IReadOnlyList<Answer<ChargeReply>>>> ChargeManyAsync(
        IReadOnlyList<AccountCharge> charges, CancellationToken cancellationToken = default)
    {
        var request = new V1.ChargeManyRequest();
        request.Charges.Add(charges.Select(static charge => Messages.ToWire(charge.Account, charge.Charge)));
        return Send(_calls.ChargeManyAsync, request, Messages.FromWire, cancellationToken);
    }

    /// <summary>Creates an account or replaces its settings.</summary>
    /// <exception cref="MeteringException">No answer came; the outcome is unknown.</exception>
    public Task<Answer<Account>> PutAccountAsync(string account, AccountSettings settings, CancellationToken cancellationToken = default) =>
        Send(
            _calls.PutAccountAsync,
            new V1.PutAccountRequest { Account = account, Settings = Messages.ToWire(settings) },
            Messages.FromWire,
            cancellationToken);

    /// <summary>Reads an account and its grants.</summary>
    /// <exception cref="MeteringException">No answer came.</exception>
    public Task<Answer<Account>> GetAccountAsync(string account, CancellationToken cancellationToken = default) =>
        Send(_calls.GetAccountAsync, new V1.GetAccountRequest { Account = account }, Messages.FromWire, cancellationToken);

    /// <summary>Puts credits into an account.</summary>
    /// <exception cref="MeteringException">No answer came; the outcome is unknown.</exception>
    public Task<Answer<GrantReply>> AddGrantAsync(string account, Grant grant, CancellationToken cancellationToken = default) =>
        Send(_calls.AddGrantAsync, Messages.ToWire(account, grant), Messages.FromWire, cancellationToken);

    /// <summary>Publishes the next version of a rate card; the same content as the latest version's publishes nothing new.</summary>
    /// <exception cref="MeteringException">No answer came; the outcome is unknown.</exception>
    public Task<Answer<PublishReply>> PublishRateCardAsync(string card, RateCard draft, CancellationToken cancellationToken = default) =>
        Send(
            _calls.PublishRateCardAsync,
            new V1.PublishRateCardRequest { Card = card, Draft = Messages.ToWire(draft) },
            Messages.FromWire,
            cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _channel.Dispose();

    private Task<Answer<T>> Send<TRequest, TReply, T>(
        Func<TRequest, CallOptions, AsyncUnaryCall<TReply>> call, TRequest request, Func<TReply, T> fromWire, CancellationToken cancellationToken)
        where T : class =>
        _retries.Run(async options => fromWire(await call(request, options)), cancellationToken);
}
