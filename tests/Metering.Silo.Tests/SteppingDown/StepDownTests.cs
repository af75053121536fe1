using Metering.Silo.SteppingDown;

namespace Metering.Silo.Tests.SteppingDown;

/// <summary>Who is a witness against a silo that hears nothing from the journal's store.</summary>
public sealed class StepDownTests
{
    [Theory]
    [InlineData(0, 2, false)]
    [InlineData(1.9, 2, false)]
    [InlineData(2, 2, true)]
    [InlineData(600, 2, true)]
    public void Of_a_store_that_may_lose_its_tail_only_one_whom_it_has_answered_for_longer(double wellForSeconds, double silenceSeconds, bool isProof) =>
        Assert.Equal(isProof, StepDown.IsProof(TimeSpan.FromSeconds(wellForSeconds), TimeSpan.FromSeconds(silenceSeconds), mayLoseTail: true));

    [Theory]
    [InlineData(0, false)]
    [InlineData(0.1, true)]
    public void Of_any_other_store_everyone_whom_it_answers(double wellForSeconds, bool isProof) =>
        Assert.Equal(isProof, StepDown.IsProof(TimeSpan.FromSeconds(wellForSeconds), TimeSpan.FromSeconds(10), mayLoseTail: false));
}
