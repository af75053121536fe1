using System.Security.Cryptography;
using Metering.Contracts;
using Metering.Grains.Journal;
using Microsoft.Extensions.Logging;
using Orleans.Placement;
using Orleans.Serialization;

namespace Metering.Grains;

/// <summary>All API keys. Each change is durable before it is answered.</summary>
/// <remarks>
/// Placed and stored as rate cards are: should two activations exist, the storage's ETag lets one of them write. The other may go on telling gateways what was; it
/// finds out when a gateway that knows more asks it, and gives up.
/// </remarks>
[HashBasedPlacement]
public sealed class KeyRingGrain(
    [PersistentState("key-ring", AccountStorage.ProviderName)] IPersistentState<KeyRingState> state,
    Serializer<KeyRing> serializer,
    TimeProvider time,
    ILogger<KeyRingGrain> logger) : Grain, IKeyRingGrain
{
    private const int TokenSecretBytes = 32;

    /// <summary>A key rotated again and again within its overlaps has so many secrets; the oldest end first.</summary>
    private const int MaxSecrets = 4;

    /// <summary>How long a key that has ended is still told, when room is needed.</summary>
    private static readonly TimeSpan KeepEnded = TimeSpan.FromDays(30);

    private KeyRing _ring = KeyRing.Empty;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (state.State.Ring is { Length: > 0 } stored)
        {
            _ring = serializer.Deserialize(stored) ?? throw new InvalidOperationException("The keys are stored without content.");
        }

        return Task.CompletedTask;
    }

    public Task<KeyRing?> GetAfter(long version)
    {
        if (version > _ring.Version)
        {
            DeactivateOnIdle();
            throw new InvalidOperationException($"Keys of version {version} are known elsewhere; this activation has version {_ring.Version} and gives up.");
        }

        return Task.FromResult(version == _ring.Version ? null : _ring);
    }

    public async Task<Answer<ApiKey>> Add(ApiKey key, bool onlyAsFirst)
    {
        // A retry comes after the key that it added.
        if (Find(key.Id) is { } known)
        {
            return known.Secrets.Any(secret => secret.Sha256.AsSpan().SequenceEqual(key.Secrets[0].Sha256)) ? known : Used(key.Id);
        }

        if (_ring.HasHadKeys && onlyAsFirst)
        {
            return new Refusal { Code = Code.IdReused, Detail = "There are keys already." };
        }

        var now = time.GetUtcNow();
        IReadOnlyList<ApiKey> others = _ring.Keys.Count < KeyRing.MaxKeys ? _ring.Keys : [.. _ring.Keys.Where(each => !HasLongEnded(each, now))];
        if (others.Count >= KeyRing.MaxKeys)
        {
            return new Refusal { Code = Code.OutOfRange, Detail = $"There are {KeyRing.MaxKeys} keys, as many as there may be." };
        }

        var added = key with { CreatedAt = now };
        return await Store(_ring with { Keys = [.. others, added], HasHadKeys = true }) is { } refusal ? refusal : added;
    }

    public async Task<Answer<ApiKey>> Rotate(string id, byte[] sha256, TimeSpan overlap)
    {
        var now = time.GetUtcNow();
        if (Find(id) is not { RevokedAt: null } key || key.ExpiresAt <= now)
        {
            return NotFound(id);
        }

        if (key.Secrets[0].Sha256.AsSpan().SequenceEqual(sha256))
        {
            return key;
        }

        var end = now + overlap;
        var before = key.Secrets
            .Select(secret => secret with { ValidUntil = secret.ValidUntil is { } until && until < end ? until : end })
            .Where(secret => secret.ValidUntil > now)
            .Take(MaxSecrets - 1);
        return await Replace(key with { Secrets = [new KeySecret(sha256, ValidUntil: null), .. before] });
    }

    public async Task<Answer<ApiKey>> Revoke(string id) => Find(id) switch
    {
        null => NotFound(id),
        { RevokedAt: not null } revoked => revoked,
        { } key => await Replace(key with { RevokedAt = time.GetUtcNow(), Secrets = [] }),
    };

    public async Task<Answer<KeyRing>> GetForTokens()
    {
        if (_ring.TokenSecret.Length == 0 && await Store(_ring with { TokenSecret = RandomNumberGenerator.GetBytes(TokenSecretBytes) }) is { } refusal)
        {
            return refusal;
        }

        return _ring;
    }

    private static bool HasLongEnded(ApiKey key, DateTimeOffset now) => key.RevokedAt < now - KeepEnded || key.ExpiresAt < now - KeepEnded;

    private static Refusal NotFound(string id) => new() { Code = Code.KeyNotFound, Detail = $"There is no key {id} that is still valid." };

    private static Refusal Used(string id) => new() { Code = Code.IdReused, Detail = $"There is another key {id}." };

    private ApiKey? Find(string id) => _ring.Keys.FirstOrDefault(key => key.Id == id);

    private async Task<Answer<ApiKey>> Replace(ApiKey key) =>
        await Store(_ring with { Keys = [.. _ring.Keys.Select(each => each.Id == key.Id ? key : each)] }) is { } refusal ? refusal : key;

    /// <returns>Null when it is durable.</returns>
    private async Task<Refusal?> Store(KeyRing ring)
    {
        var next = ring with { Version = _ring.Version + 1 };
        state.State.Ring = serializer.SerializeToArray(next);
        try
        {
            await state.WriteStateAsync();
        }
        catch (Exception exception)
        {
            // It may have landed all the same: the next activation reads the truth.
            DeactivateOnIdle();
            Log.KeysNotWritten(logger, exception);
            return new Refusal { Code = Code.Unavailable, Detail = "The keys could not be stored; try again." };
        }

        _ring = next;
        return null;
    }
}
