using Metering.Contracts;

namespace Metering.Gateway.OpenApi.Shapes;

/// <summary>A key that is asked for.</summary>
internal sealed record KeyRequest : IRequest
{
    /// <summary>For people; at most 128 characters.</summary>
    public required string Name { get; init; }

    /// <summary>What it may do; each role may do what those before it may.</summary>
    public required Role Role { get; init; }

    /// <summary>At most 100 names, or a prefix and *: the accounts it may reach. All, when left out; not with admin.</summary>
    public IReadOnlyList<string>? Accounts { get; init; }

    /// <summary>At most 100 names, or a prefix and *: what it may charge. All, when left out; with charge only.</summary>
    public IReadOnlyList<string>? Meters { get; init; }

    /// <summary>In the future; never, when left out.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Requests a second that each gateway takes of it; a stream is one. No limit, when left out.</summary>
    public int? RequestsPerSecond { get; init; }

    /// <summary>Charges a second that each gateway takes of it. No limit, when left out.</summary>
    public int? ChargesPerSecond { get; init; }
}

/// <summary>A key, without its secret.</summary>
internal record Key
{
    public required string Id { get; init; }
    public required string Name { get; init; }
    public required Role Role { get; init; }
    public IReadOnlyList<string>? Accounts { get; init; }
    public IReadOnlyList<string>? Meters { get; init; }
    public int? RequestsPerSecond { get; init; }
    public int? ChargesPerSecond { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }
    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>After a rotation: until when texts before the latest are good.</summary>
    public DateTimeOffset? FormerUntil { get; init; }
}

/// <summary>A key and its text, which is not told again.</summary>
internal sealed record KeyWithText : Key
{
    /// <summary>What to send as Authorization: Bearer …</summary>
    public required string Key { get; init; }
}

/// <summary>Keys, the oldest first.</summary>
internal sealed record KeyPage
{
    public required IReadOnlyList<Key> Keys { get; init; }
    public string? Cursor { get; init; }
}

internal sealed record KeyRotation : IRequest
{
    /// <summary>How long the texts before are still good, 0 to 2,592,000; an hour, when left out.</summary>
    public int? OverlapSeconds { get; init; }
}

internal sealed record TokenRequest : IRequest
{
    /// <summary>1 to 86,400; 900, when left out.</summary>
    public int? TtlSeconds { get; init; }
}

/// <summary>Lets its bearer read one account.</summary>
internal sealed record CustomerToken
{
    public required string Account { get; init; }
    public required string Token { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
}
