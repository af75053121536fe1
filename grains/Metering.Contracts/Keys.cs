namespace Metering.Contracts;

/// <summary>What a caller may do. Each may do what those before it may.</summary>
public enum Role
{
    /// <summary>Read accounts.</summary>
    Read = 0,

    /// <summary>Charge, hold, settle, release, reverse, quote, send events, and give customers tokens of their accounts.</summary>
    Charge = 1,

    /// <summary>Create, change and close accounts; grants, budgets, policies, rate cards.</summary>
    Operator = 2,

    /// <summary>Everything: keys and the audit log too.</summary>
    Admin = 3,
}

/// <summary>What is kept of a key's secret: enough to recognise it, and nothing to make it of.</summary>
/// <param name="Sha256">
/// SHA-256 of the whole key. One fast hash is enough: what is hashed has 256 random bits, which nobody can try out, where a password would need a slow one.
/// </param>
/// <param name="ValidUntil">From then on it is none; null for the latest.</param>
[GenerateSerializer, Immutable, Alias("metering.KeySecret")]
public sealed record KeySecret(
    [property: Id(0)] byte[] Sha256,
    [property: Id(1)] DateTimeOffset? ValidUntil);

/// <summary>An API key, without what only its owner has.</summary>
[GenerateSerializer, Immutable, Alias("metering.ApiKey")]
public sealed record ApiKey
{
    /// <summary>Accounts' patterns, and meters', of one key.</summary>
    public const int MaxPatterns = 100;

    public const int MaxNameLength = 128;

    /// <summary>How long the texts before must go on when the last administrator's key is rotated, so that one who does not hear the next can ask for another.</summary>
    public static readonly TimeSpan LeastOverlapOfLastAdmin = TimeSpan.FromMinutes(1);

    /// <summary>A part of the key that may be seen, and names it.</summary>
    [Id(0)] public required string Id { get; init; }

    /// <summary>For people; 1 to <see cref="MaxNameLength"/> characters.</summary>
    [Id(1)] public required string Name { get; init; }

    [Id(2)] public required Role Role { get; init; }

    /// <summary>Names, or a prefix and <c>*</c>: the accounts it may reach. Empty for all.</summary>
    [Id(3)] public IReadOnlyList<string> Accounts { get; init; } = [];

    /// <summary>Names, or a prefix and <c>*</c>: what it may charge. Empty for all.</summary>
    [Id(4)] public IReadOnlyList<string> Meters { get; init; } = [];

    [Id(5)] public DateTimeOffset CreatedAt { get; init; }

    /// <summary>From then on it is refused; null for never.</summary>
    [Id(6)] public DateTimeOffset? ExpiresAt { get; init; }

    [Id(7)] public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>Requests a second that each gateway takes of it, as many at once; null for no limit.</summary>
    [Id(8)] public int? RequestsPerSecond { get; init; }

    /// <summary>Charges a second that each gateway takes of it; null for no limit.</summary>
    [Id(9)] public int? ChargesPerSecond { get; init; }

    /// <summary>The latest first; those before it are valid until their overlap ends.</summary>
    [Id(10)] public required IReadOnlyList<KeySecret> Secrets { get; init; }
}

/// <summary>All keys, as gateways hold them in memory.</summary>
[GenerateSerializer, Immutable, Alias("metering.KeyRing")]
public sealed record KeyRing
{
    /// <summary>Keys that may exist at once, ended ones that are still told included.</summary>
    public const int MaxKeys = 10_000;

    public static readonly KeyRing Empty = new();

    /// <summary>Rises with every change; 0 when there never was any.</summary>
    [Id(0)] public long Version { get; init; }

    [Id(1)] public IReadOnlyList<ApiKey> Keys { get; init; } = [];

    /// <summary>What customer tokens are signed with (HMAC-SHA-256); empty until the first is asked for.</summary>
    [Id(2)] public byte[] TokenSecret { get; init; } = [];

    /// <summary>Whether there ever was a key. From the first on nobody is let in without one, though all be revoked.</summary>
    [Id(3)] public bool HasHadKeys { get; init; }
}

/// <summary>Keeps all keys. Keyed 0.</summary>
[Alias("metering.IKeyRingGrain")]
public interface IKeyRingGrain : IGrainWithIntegerKey
{
    /// <summary>All keys, or null when nothing has changed since a version.</summary>
    [Alias("GetAfter"), ResponseTimeout("00:00:05")]
    Task<KeyRing?> GetAfter(long version);

    /// <summary>
    /// Adds a key, durably. The same again is answered as before. Refuses with <see cref="Code.OutOfRange"/> when there are too many.
    /// </summary>
    /// <param name="key">With its only secret.</param>
    /// <param name="onlyAsFirst">Whether it is to be left out when there ever was another; then the answer is <see cref="Code.IdReused"/>.</param>
    [Alias("Add"), ResponseTimeout("00:00:10")]
    Task<Answer<ApiKey>> Add(ApiKey key, bool onlyAsFirst);

    /// <summary>Gives a key another secret; those before end after <paramref name="overlap"/> at the latest. Refuses with <see cref="Code.KeyNotFound"/>.</summary>
    [Alias("Rotate"), ResponseTimeout("00:00:10")]
    Task<Answer<ApiKey>> Rotate(string id, byte[] sha256, TimeSpan overlap);

    /// <summary>Ends a key for good; again is answered as before. Refuses with <see cref="Code.KeyNotFound"/>.</summary>
    [Alias("Revoke"), ResponseTimeout("00:00:10")]
    Task<Answer<ApiKey>> Revoke(string id);

    /// <summary>
    /// As <see cref="Rotate"/>, where this ring is the only way in: refuses with <see cref="Code.LastAdminKey"/> to rotate the last administrator's key with less overlap than
    /// <see cref="ApiKey.LeastOverlapOfLastAdmin"/>.
    /// </summary>
    [Alias("RotateUnlessLastAdmin"), ResponseTimeout("00:00:10")]
    Task<Answer<ApiKey>> RotateUnlessLastAdmin(string id, byte[] sha256, TimeSpan overlap);

    /// <summary>As <see cref="Revoke"/>, where this ring is the only way in: refuses with <see cref="Code.LastAdminKey"/> to end the last administrator's key.</summary>
    [Alias("RevokeUnlessLastAdmin"), ResponseTimeout("00:00:10")]
    Task<Answer<ApiKey>> RevokeUnlessLastAdmin(string id);

    /// <summary>The ring with a <see cref="KeyRing.TokenSecret"/>, which is made if need be.</summary>
    [Alias("GetForTokens"), ResponseTimeout("00:00:10")]
    Task<Answer<KeyRing>> GetForTokens();
}
