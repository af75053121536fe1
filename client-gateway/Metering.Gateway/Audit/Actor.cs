using System.Net;
using Metering.Gateway.Security;
using Microsoft.AspNetCore.Http;

namespace Metering.Gateway.Audit;

/// <summary>Who makes a change, and from where, as the audit log names them.</summary>
/// <param name="Name">As <see cref="Caller.Name"/>; no secret.</param>
/// <param name="Label">What their key is called; null when they have none.</param>
/// <param name="Address">Where the request came from; null for what the process does by itself.</param>
internal sealed record Actor(string Name, string? Label, string? Address)
{
    /// <summary>What the process does by itself.</summary>
    public static readonly Actor Process = new("system", Label: null, Address: null);

    /// <summary>The subject of a token is as long as its issuer likes.</summary>
    private const int MaxNameLength = 256;

    /// <summary>Of a request that has been let in.</summary>
    public static Actor Of(HttpContext context)
    {
        var caller = Caller.Of(context);
        return new Actor(caller.Name.Length <= MaxNameLength ? caller.Name : caller.Name[..MaxNameLength], caller.Label, Text(context.Connection.RemoteIpAddress));
    }

    private static string? Text(IPAddress? address) => (address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address)?.ToString();
}
