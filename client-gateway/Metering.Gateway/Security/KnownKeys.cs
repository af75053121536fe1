using System.Collections.Frozen;
using Metering.Contracts;
using Metering.Gateway.Audit;
using Metering.Gateway.Routing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Metering.Gateway.Security;

/// <summary>
/// All keys, in this gateway's memory: whether a key is good is never asked of anybody while its request waits. Once a second the gateway asks whether there is
/// another version of the ring, which is one small message.
/// </summary>
/// <remarks>
/// So a change made through another gateway is in effect here after about a second, and one made here at once. Keys that could not be read anew for
/// <see cref="AccessOptions.MaxKeysAge"/> are believed no longer, because one of them may have been revoked meanwhile.
/// </remarks>
internal sealed class KnownKeys(IGrainFactory grains, ISilos silos, AuditTrail trail, IOptions<GatewayOptions> options, TimeProvider time, ILogger<KnownKeys> logger) : IHostedLifecycleService, IDisposable
{
    /// <summary>Before any version, so that the first answer is a ring.</summary>
    private const long Unread = -1;

    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    /// <summary>While there is no ring yet, and everybody waits for it.</summary>
    private static readonly TimeSpan FirstPeriod = TimeSpan.FromMilliseconds(100);

    private static readonly Refusal NotKnown = new()
    {
        Code = Code.Unavailable,
        Detail = "The gateway cannot read the keys at present, and lets nobody in by keys that may have been revoked.",
        RetryAfter = TimeSpan.FromSeconds(1),
    };

    private readonly AccessOptions _access = options.Value.Access;
    private readonly SemaphoreSlim _reading = new(1);
    private readonly CancellationTokenSource _stopping = new();
    private volatile Ring? _ring;
    private long _readAt;
    private Task _loop = Task.CompletedTask;
    private bool _isTold;
    private bool _isDisposed;

    /// <summary>The keys as they are now, or why they are not known.</summary>
    public Answer<Ring> Current =>
        _ring is { } ring && time.GetElapsedTime(Volatile.Read(ref _readAt)) < _access.MaxKeysAge ? ring
        : silos.WhyNotFound is { } reason ? SiloFailure.NotFound(account: null, reason) : NotKnown;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>A silo in this process is up by now: nobody is to hear that the keys are not known yet.</summary>
    public Task StartAsync(CancellationToken cancellationToken) => silos.AreElsewhere ? Task.CompletedTask : TryRead();

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        _loop = Task.Run(() => Run(_stopping.Token), CancellationToken.None);
        return Task.CompletedTask;
    }

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _loop.WaitAsync(cancellationToken);
    }

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        // The container knows it under two names, and a host that is disposed without a stop has the loop still running.
        if (Interlocked.Exchange(ref _isDisposed, true))
        {
            return;
        }

        _stopping.Cancel();
        _stopping.Dispose();
        _reading.Dispose();
    }

    /// <summary>Reads them anew, after a change made here.</summary>
    public async Task TryRead()
    {
        await _reading.WaitAsync();
        try
        {
            if (silos.WhyNotFound is not null)
            {
                return;
            }

            var askedAt = time.GetTimestamp();
            var known = _ring;
            var asked = grains.GetGrain<IKeyRingGrain>(0).GetAfter(known?.View.Version ?? Unread);
            if (await asked.WaitAsync(AnswerTimeout, time) is { } read)
            {
                _ring = new Ring(read, known, time);
            }

            Volatile.Write(ref _readAt, askedAt);
            _isTold = false;
        }
        catch (Exception exception)
        {
            if (!_isTold)
            {
                _isTold = true;
                logger.KeysNotRead(_access.MaxKeysAge, exception.Message);
            }
        }
        finally
        {
            _reading.Release();
        }
    }

    private async Task Run(CancellationToken stopping)
    {
        try
        {
            while (true)
            {
                await TryRead();
                if (_access.MakesFirstKey && _ring is { View.HasHadKeys: false })
                {
                    await TryMakeFirst();
                }

                await Task.Delay(_ring is null ? FirstPeriod : Period, time, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The gateway stops.
        }
    }

    /// <summary>Of several gateways that try at once, one adds its key and prints it.</summary>
    private async Task TryMakeFirst()
    {
        var (id, text) = KeyText.New();
        var key = new ApiKey { Id = id, Name = "first", Role = Role.Admin, Secrets = [new KeySecret(KeyText.Hash(text), ValidUntil: null)] };
        try
        {
            var added = await trail.Make(
                Actor.Process,
                new AuditedChange(AuditOperation.KeyAdd, $"keys/{id}", Requested: AuditDocuments.Key(key)),
                before: null,
                () => grains.GetGrain<IKeyRingGrain>(0).Add(key, onlyAsFirst: true).WaitAsync(AnswerTimeout, time),
                AuditDocuments.Key);
            if (added.Reply is not null)
            {
                // On the console and not in the log, which is kept and read by others.
                await Console.Out.WriteLineAsync($"The first admin key, which is not shown again: {text}");
            }
        }
        catch (Exception exception)
        {
            // It may have been added, and then nobody has it: the setting AdminKey is the way in that is left.
            logger.FirstKeyInDoubt(exception);
        }

        await TryRead();
    }

    /// <summary>One version of all keys.</summary>
    internal sealed class Ring
    {
        private readonly FrozenDictionary<string, Holder> _holders;

        /// <param name="view">What the grain told.</param>
        /// <param name="before">The ring before, whose keys go on counting what they sent; null for the first.</param>
        /// <param name="time">What that is counted by.</param>
        public Ring(KeyRing view, Ring? before, TimeProvider time)
        {
            View = view;
            Anyone = new Caller { Name = Caller.Local, IsAnyone = true, Role = Role.Admin, Among = this };
            _holders = view.Keys.Where(static key => key.RevokedAt is null).ToFrozenDictionary(static key => key.Id, key => new Holder(key, this, RateOf(key, before, time)), StringComparer.Ordinal);
        }

        public KeyRing View { get; }

        /// <summary>Whoever reaches an address where no keys are needed, until there is another ring.</summary>
        public Caller Anyone { get; }

        /// <summary>Whose key it is; null when it is nobody's now.</summary>
        public Caller? Find(string id, ReadOnlySpan<byte> sha256, DateTimeOffset now) =>
            _holders.TryGetValue(id, out var holder) && holder.Find(sha256) is { } caller && !(caller.ExpiresAt <= now) ? caller : null;

        /// <summary>Whether a key, under whichever secret, is good.</summary>
        public bool IsGood(string id, DateTimeOffset now) => _holders.TryGetValue(id, out var holder) && !(holder.ExpiresAt <= now);

        private static CallRate? RateOf(ApiKey key, Ring? before, TimeProvider time)
        {
            if (key is { RequestsPerSecond: null, ChargesPerSecond: null })
            {
                return null;
            }

            var known = before?._holders.GetValueOrDefault(key.Id)?.Rate;
            return known?.Has(key.RequestsPerSecond, key.ChargesPerSecond) == true ? known : new CallRate(key.RequestsPerSecond, key.ChargesPerSecond, time);
        }
    }

    private sealed class Holder
    {
        private readonly (byte[] Sha256, Caller Caller)[] _secrets;

        public Holder(ApiKey key, Ring among, CallRate? rate)
        {
            Rate = rate;
            ExpiresAt = key.ExpiresAt;
            _secrets = [.. key.Secrets.Select(secret => (secret.Sha256, new Caller
            {
                Name = $"key:{key.Id}",
                Label = key.Name,
                KeyId = key.Id,
                Role = key.Role,
                Accounts = new NamePatterns(key.Accounts),
                Meters = new NamePatterns(key.Meters),
                ExpiresAt = secret.ValidUntil is { } until && !(key.ExpiresAt < until) ? until : key.ExpiresAt,
                Among = among,
                Rate = rate,
            }))];
        }

        public CallRate? Rate { get; }

        public DateTimeOffset? ExpiresAt { get; }

        public Caller? Find(ReadOnlySpan<byte> sha256)
        {
            foreach (var (known, caller) in _secrets)
            {
                if (System.Security.Cryptography.CryptographicOperations.FixedTimeEquals(known, sha256))
                {
                    return caller;
                }
            }

            return null;
        }
    }
}
