using Metering.Contracts;

namespace Metering.Gateway.Security;

/// <summary>Whose an operation is, for callers that may reach some accounts only.</summary>
internal enum AccessScope
{
    /// <summary>One account, named in the address or in the message: checked before anything else is read.</summary>
    Account,

    /// <summary>Several accounts: the operation itself leaves out, or refuses one by one, those the caller may not reach.</summary>
    EachAccount,

    /// <summary>No account's: only for callers that may reach all.</summary>
    Installation,
}

/// <summary>
/// What a caller needs for an operation. Every HTTP route and gRPC method carries one as its endpoint's metadata; without one it is refused at start
/// (<see cref="AccessRules.RefuseMissing"/>).
/// </summary>
/// <param name="Role">The least role; null when nobody has to say who they are.</param>
/// <param name="Scope">Whose it is.</param>
internal sealed record AccessRule(Role? Role, AccessScope Scope)
{
    /// <summary>Whether it may be called without a key where only metrics are served (<see cref="AccessOptions.MetricsPort"/>).</summary>
    public bool IsOpenAtMetricsPort { get; init; }

    /// <summary>
    /// Whether a key may also come as the password of HTTP's Basic scheme, whatever the user name, so that a browser can ask for it. Only where nothing is changed: a browser sends it along with
    /// whatever another site's page asks of this address.
    /// </summary>
    public bool IsForBrowsers { get; init; }

    /// <summary>Tells the same everywhere, or only whether the process is well: health, the reference, the description of the API.</summary>
    public static readonly AccessRule Open = new(null, AccessScope.Installation);

    public static readonly AccessRule ReadsAccount = new(Contracts.Role.Read, AccessScope.Account);
    public static readonly AccessRule ReadsEachAccount = new(Contracts.Role.Read, AccessScope.EachAccount);
    public static readonly AccessRule ReadsInstallation = new(Contracts.Role.Read, AccessScope.Installation);
    public static readonly AccessRule ReadsMetrics = ReadsInstallation with { IsOpenAtMetricsPort = true };
    public static readonly AccessRule ChargesAccount = new(Contracts.Role.Charge, AccessScope.Account);
    public static readonly AccessRule ChargesEachAccount = new(Contracts.Role.Charge, AccessScope.EachAccount);
    public static readonly AccessRule OperatesAccount = new(Contracts.Role.Operator, AccessScope.Account);
    public static readonly AccessRule OperatesInstallation = new(Contracts.Role.Operator, AccessScope.Installation);
    public static readonly AccessRule Administers = new(Contracts.Role.Admin, AccessScope.Installation);
    public static readonly AccessRule AdministersByBrowser = Administers with { IsForBrowsers = true };
}
