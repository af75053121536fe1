using System.Security.Cryptography;
using Metering.Contracts;
using Metering.Grains.Journal;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Placement;
using Orleans.Serialization;
using Orleans.Storage;

namespace Metering.Grains;

/// <summary>All API keys. Each change is durable before it is answered.</summary>
/// <remarks>
/// Placed and stored as rate cards are: should two activations exist, the storage's ETag lets one of them write. The other would go on telling gateways what was, and that nothing is revoked. It
/// finds out when a gateway that knows more asks it, or else within <see cref="KeyRingOptions.StoreCheckInterval"/> from the store, and gives up. While the store does not answer it goes on: refusing
/// all keys then would stop charging, which does without that store, and nobody who cannot write it either can have revoked a key.
/// </remarks>
[HashBasedPlacement]
public sealed class KeyRingGrain(
    [PersistentState(KeyRingGrain.StateName, AccountStorage.ProviderName)] IPersistentState<KeyRingState> state,
    [FromKeyedServices(AccountStorage.ProviderName)] IGrainStorage storage,
    Serializer<KeyRing> serializer,
    IOptions<KeyRingOptions> options,
    TimeProvider time,
    ILogger<KeyRingGrain> logger) : Grain, IKeyRingGrain
{
    private const string StateName = "key-ring";
    private const int TokenSecretBytes = 32;

    /// <summary>A key rotated again and again within its overlaps has so many secrets; the oldest end first.</summary>
    private const int MaxSecrets = 4;

    /// <summary>How long a key that has ended is still told, when room is needed.</summary>
    private static readonly TimeSpan KeepEnded = TimeSpan.FromDays(30);

    private KeyRing _ring = KeyRing.Empty;

    // Counts beginnings and ends.
    private int _writes;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (state.State.Ring is { Length: > 0 } stored)
        {
            _ring = serializer.Deserialize(stored) ?? throw new InvalidOperationException("The keys are stored without content.");
        }

        var interval = options.Value.StoreCheckInterval;
        this.RegisterGrainTimer(CheckStore, new GrainTimerCreationOptions { DueTime = interval, Period = interval, Interleave = true });
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

    public async Task<Answer<ApiKey>> RotateUnlessLastAdmin(string id, byte[] sha256, TimeSpan overlap) =>
        overlap < ApiKey.LeastOverlapOfLastAdmin && IsLastAdmin(id)
            ? LastAdmin($"the texts before must go on for {ApiKey.LeastOverlapOfLastAdmin.TotalSeconds} s at least, or an answer that is lost would lock everybody out")
            : await Rotate(id, sha256, overlap);

    public async Task<Answer<ApiKey>> RevokeUnlessLastAdmin(string id) => IsLastAdmin(id) ? LastAdmin("make another first") : await Revoke(id);

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

    private static Refusal LastAdmin(string rule) =>
        new() { Code = Code.LastAdminKey, Detail = $"It is the last key of an administrator, and there is no AdminKey in the settings: {rule}." };

    /// <summary>Whether a key is an administrator's that is good now, and no other is.</summary>
    private bool IsLastAdmin(string id)
    {
        var now = time.GetUtcNow();
        var good = _ring.Keys.Where(key => key is { Role: Role.Admin, RevokedAt: null } && !(key.ExpiresAt <= now)).Take(2).ToList();
        return good is [var last] && last.Id == id;
    }

    private ApiKey? Find(string id) => _ring.Keys.FirstOrDefault(key => key.Id == id);

    private async Task<Answer<ApiKey>> Replace(ApiKey key) =>
        await Store(_ring with { Keys = [.. _ring.Keys.Select(each => each.Id == key.Id ? key : each)] }) is { } refusal ? refusal : key;

    /// <returns>Null when it is durable.</returns>
    private async Task<Refusal?> Store(KeyRing ring)
    {
        var next = ring with { Version = _ring.Version + 1 };
        state.State.Ring = serializer.SerializeToArray(next);
        _writes++;
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
        finally
        {
            _writes++;
        }

        _ring = next;
        return null;
    }

    /// <summary>Gives up when another activation has written.</summary>
    private async Task CheckStore(CancellationToken cancellationToken)
    {
        var stored = new GrainState<KeyRingState>(new KeyRingState());
        var writes = _writes;
        try
        {
            await storage.ReadStateAsync(StateName, this.GetGrainId(), stored);
        }
        catch (Exception exception)
        {
            Log.KeysNotChecked(logger, exception.Message);
            return;
        }

        // What was written here meanwhile may have been read or not, and says nothing of others.
        if (writes == _writes && writes % 2 == 0 && stored.ETag != state.Etag)
        {
            Log.KeysWrittenElsewhere(logger);
            DeactivateOnIdle();
        }
    }
}
