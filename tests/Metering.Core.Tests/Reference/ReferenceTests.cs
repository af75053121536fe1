using CsCheck;

namespace Metering.Core.Tests.Reference;

/// <summary>
/// The account against a second account written from the rules alone. A failure prints what was done, what each side says, and a seed: repeat it with
/// <c>CsCheck_Seed=… dotnet run --project tests/Metering.Core.Tests -- -class Metering.Core.Tests.Reference.ReferenceTests</c>.
/// </summary>
public sealed class ReferenceTests
{
    private const int Games = 5_000;

    [Fact]
    public void The_account_and_the_reference_agree_to_the_last_digit_whatever_is_done()
    {
        Moves.Any.Array[1, 80].Sample(
            moves =>
            {
                var duel = new Duel();
                foreach (var move in moves)
                {
                    move(duel);
                }
            },
            iter: Games);
    }

    [Fact]
    public void A_closed_account_hears_of_no_more_and_still_answers_retries()
    {
        Gen.Select(Moves.Any.Array[1, 30], Moves.Any.Array[1, 30]).Sample(
            (before, after) =>
            {
                var duel = new Duel();
                foreach (var move in before)
                {
                    move(duel);
                }

                duel.Close();
                foreach (var move in after)
                {
                    move(duel);
                }
            },
            iter: Games / 3);
    }
}
