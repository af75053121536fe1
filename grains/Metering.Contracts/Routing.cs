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
