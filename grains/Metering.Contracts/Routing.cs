using Orleans.Services;

namespace Metering.Contracts;

/// <summary>A well-formed charge on its way to its account.</summary>
[GenerateSerializer, Immutable, Alias("metering.RoutedCharge")]
public readonly record struct RoutedCharge(
    [property: Id(0)] string Account,
    [property: Id(1)] ChargeRequest Charge);

/// <summary>
/// The way into a silo for charges of many accounts at once. The silo best asked is the one that owns the accounts' partitions; any other answers
/// too, by a call more.
/// </summary>
public interface IChargeRouter
{
    /// <summary>Charges one account. The answer is durable as <see cref="Durability"/> says.</summary>
    Task<Answer<ChargeReply>> Charge(string account, ChargeRequest charge);

    /// <summary>Charges of one account are made in the order given, each on its own. Answers stand where their charges stood.</summary>
    Task<Answer<ChargeReply>[]> Charge(RoutedCharge[] charges);
}

/// <summary>
/// The same from another process, one on each silo (<see cref="ChargeRouting"/>): charges of many accounts in one message. Whatever of them the silo cannot
/// decide here and now it leaves, so that no account that must be woken first, or lives elsewhere, holds up the others.
/// </summary>
[Alias("metering.IChargeRouterService")]
public interface IChargeRouterService : IGrainService
{
    /// <summary>
    /// Charges the accounts that are active on this silo; charges of one account in the order given, each on its own. Messages under way at the same time
    /// may overtake each other.
    /// </summary>
    [Alias("Charge")]
    Task<ChargeAnswers> Charge(ChargeMessage message);

    /// <summary>Who this silo is, and whom it takes for the cluster.</summary>
    [Alias("View")]
    Task<ClusterView> View();
}

/// <summary>Charges for one silo, of any accounts, in the order to be made.</summary>
[GenerateSerializer, Immutable, Alias("metering.ChargeMessage")]
public sealed record ChargeMessage([property: Id(0)] RoutedCharge[] Charges);

/// <summary>An answer for each charge of a message, in its place.</summary>
[GenerateSerializer, Immutable, Alias("metering.ChargeAnswers")]
public sealed record ChargeAnswers
{
    /// <summary>One that has neither a reply nor a refusal says that nothing was done: the account must be called as every grain is.</summary>
    [Id(0)] public required Answer<ChargeReply>[] Answers { get; init; }
}

/// <summary>A silo, and the cluster as it sees it: enough to know the owner of every account (<see cref="PartitionOwner"/>).</summary>
[GenerateSerializer, Immutable, Alias("metering.ClusterView")]
public sealed record ClusterView
{
    /// <summary>The silo that answers.</summary>
    [Id(0)] public required SiloAddress Silo { get; init; }

    /// <summary>Where it takes connections of clients.</summary>
    [Id(1)] public required SiloAddress Gateway { get; init; }

    /// <summary>Of the membership; of two views the higher one is newer.</summary>
    [Id(2)] public required long Version { get; init; }

    /// <summary>The silos that own partitions, in any order.</summary>
    [Id(3)] public required IReadOnlyList<SiloAddress> Active { get; init; }

    /// <summary>Into how many partitions the accounts are hashed (<see cref="AccountPartition"/>).</summary>
    [Id(4)] public required int Partitions { get; init; }
}

/// <summary>Where the <see cref="IChargeRouterService"/> of each silo is found.</summary>
/// <remarks>
/// It is a service and no grain: a client sends what is for a grain through a gateway of its choice, and of several silos it is mostly the wrong one, which would read
/// the message and write it again. A message for a service at a silo's client address goes over the connection to that silo and is served there.
/// </remarks>
public static class ChargeRouting
{
    private static readonly GrainType Type = SystemTargetGrainId.CreateGrainType("user.metering-charges");

    /// <summary>The service of a silo.</summary>
    /// <param name="silo">
    /// Its address for clients (<see cref="ClusterView.Gateway"/>), for the straight way; or its own, for the way through any other silo.
    /// </param>
    public static GrainId At(SiloAddress silo) => SystemTargetGrainId.Create(Type, silo).GrainId;
}
