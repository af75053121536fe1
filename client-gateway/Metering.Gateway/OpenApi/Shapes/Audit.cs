using System.Text.Json.Nodes;
using Metering.Contracts;

namespace Metering.Gateway.OpenApi.Shapes;

/// <summary>Entries, newest first.</summary>
internal sealed record AuditPage
{
    public required IReadOnlyList<AuditEntry> Entries { get; init; }

    /// <summary>Where the next page begins; left out after the last.</summary>
    public string? Cursor { get; init; }

    /// <summary>Parts of the log that could not be read: what is in them is missing here. Left out when there are none.</summary>
    public IReadOnlyList<long>? Damaged { get; init; }
}

/// <summary>One change, and what became of it.</summary>
internal sealed record AuditEntry
{
    /// <summary>Rises with every entry. Numbers between are of entries that tell of the beginning of changes.</summary>
    public required long Number { get; init; }

    /// <summary>When it was written.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>When the change was asked for.</summary>
    public required DateTimeOffset AskedAt { get; init; }

    /// <summary>key: and its id, jwt: and the subject, setting:AdminKey, local where no key was needed, system for what the server did by itself.</summary>
    public required string Actor { get; init; }

    /// <summary>What the key is called.</summary>
    public string? ActorName { get; init; }

    /// <summary>Where the request came from.</summary>
    public string? Address { get; init; }

    public required AuditOperation Operation { get; init; }

    /// <summary>As in the address of the API: accounts/acme/grants/plan.</summary>
    public required string Resource { get; init; }

    public required AuditOutcome Outcome { get; init; }

    /// <summary>Why it was refused, or why nobody knows.</summary>
    public Code? Refusal { get; init; }

    /// <summary>The resource as it was found before; left out when there was none.</summary>
    public JsonObject? Before { get; init; }

    /// <summary>What was asked for, of a change that is not done.</summary>
    public JsonObject? Requested { get; init; }

    /// <summary>The resource as it is then; left out when there is none.</summary>
    public JsonObject? After { get; init; }
}

/// <summary>Whether the audit log's chain holds.</summary>
internal sealed record AuditCheck
{
    public required bool Holds { get; init; }

    /// <summary>The first entry there is; 0 when there is none.</summary>
    public required long First { get; init; }

    /// <summary>The last that was looked at.</summary>
    public required long Last { get; init; }

    /// <summary>SHA-256 over all entries up to the last, each with the hash before it; in hexadecimal digits.</summary>
    public required string Hash { get; init; }

    /// <summary>Left out when it holds.</summary>
    public AuditBreak? Break { get; init; }
}

/// <summary>The first place at which it does not hold.</summary>
internal sealed record AuditBreak
{
    /// <summary>The entry that was changed, or the first that is missing.</summary>
    public required long Number { get; init; }

    public required AuditBreakReason Reason { get; init; }
}
