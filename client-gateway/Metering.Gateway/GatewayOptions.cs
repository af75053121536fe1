using System.ComponentModel.DataAnnotations;
using System.Net;
using Metering.Gateway.Security;

namespace Metering.Gateway;

/// <summary>How a gateway listens, and how much it takes at once. Values out of range stop the host at start.</summary>
public sealed class GatewayOptions
{
    /// <summary>Where it listens.</summary>
    [Required]
    public IPAddress Address { get; set; } = IPAddress.Loopback;

    /// <summary>The certificate; null to speak without TLS.</summary>
    public TlsOptions? Tls { get; set; }

    /// <summary>Who is let in.</summary>
    [Required]
    public AccessOptions Access { get; set; } = new();

    /// <summary>Whether the dashboard of Orleans is at <c>/dashboard</c>, for administrators. The host adds its services (<c>AddDashboard</c>), and so do the silos.</summary>
    public bool Dashboard { get; set; }

    /// <summary>HTTP/1.1. 0 takes a free port, told by <see cref="GatewayEndpoints"/>.</summary>
    [Range(0, 65_535)]
    public int HttpPort { get; set; } = 8080;

    /// <summary>gRPC: HTTP/2 without TLS. 0 takes a free port, told by <see cref="GatewayEndpoints"/>.</summary>
    [Range(0, 65_535)]
    public int GrpcPort { get; set; } = 8081;

    /// <summary>The largest HTTP body and the largest gRPC message: 1 KiB to 64 MiB.</summary>
    [Range(1_024, 64 * 1_024 * 1_024)]
    public long MaxBodyBytes { get; set; } = 8 * 1_024 * 1_024;

    /// <summary>
    /// Bytes of bodies and messages in work at once over both edges, as far as each is larger than 64 KiB: 1 MiB to 64 GiB. Over it callers hear <c>overloaded</c>, but a body that
    /// finds no other is always taken.
    /// </summary>
    [Range(1_024 * 1_024, 64L * 1_024 * 1_024 * 1_024)]
    public long MaxBodyBytesInWork { get; set; } = 256 * 1_024 * 1_024;

    /// <summary>
    /// How long one attempt of a call to a silo may take, 50 ms to 5 min. Its outcome is then unknown; it is sent again, under the same id, while
    /// <see cref="RequestTimeout"/> and <see cref="MaxConcurrentRetries"/> allow.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:05:00")]
    public TimeSpan SiloTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long all attempts of a call may take, 50 ms to 5 min. After it the caller hears <c>unavailable</c>: the outcome is unknown, and a
    /// retry with the same id finds it.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:05:00")]
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Calls that are being tried again at once; over it callers hear <c>unavailable</c> after the first attempt. 0, the default, tries nothing again: a gateway
    /// in one process with its only silo has nobody else to ask.
    /// </summary>
    [Range(0, 1_000_000)]
    public int MaxConcurrentRetries { get; set; }

    /// <summary>Requests in work at once over both edges; a gRPC stream is one. One account may have three eighths of them. Over it callers hear <c>overloaded</c>.</summary>
    [Range(1, 1_000_000)]
    public int MaxConcurrentRequests { get; set; } = 8_192;

    /// <summary>
    /// Charges of batches in work at once over both edges, those of streams included; one account may have half of them. Over it callers hear <c>overloaded</c>, but a batch that
    /// finds nothing in work is always taken. Divided by what the silos do in a second, it is how long a charge may wait.
    /// </summary>
    [Range(1, 10_000_000)]
    public int MaxConcurrentCharges { get; set; } = 65_536;

    /// <summary>Connections open at once, each edge's included. Over it they are closed at once.</summary>
    [Range(1, 1_000_000)]
    public int MaxConnections { get; set; } = 16_384;

    /// <summary>Callers who watch an account at once over both edges; each is one of the requests in work. Over it callers hear <c>overloaded</c>.</summary>
    [Range(1, 100_000)]
    public int MaxWatchers { get; set; } = 1_024;

    /// <summary>How long nothing is sent to a watcher over HTTP before a comment is, so that nothing between takes the connection for dead: 10 ms to 5 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:05:00")]
    public TimeSpan WatchHeartbeat { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Accounts of one batch, or of one page of the list, that are asked at once.</summary>
    [Range(1, 10_000)]
    public int MaxAccountsInFlightPerBatch { get; set; } = 64;

    /// <summary>Batches of one gRPC stream in work at once; while there are that many the stream is not read.</summary>
    [Range(1, 1_024)]
    public int MaxBatchesInFlightPerStream { get; set; } = 16;

    /// <summary>
    /// How old a gRPC stream of charges may become, 10 ms to 1 day: about then its client is asked to end it and to open another, so that load finds gateways that
    /// have come since.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "1.00:00:00")]
    public TimeSpan MaxStreamAge { get; set; } = TimeSpan.FromMinutes(10);
}
