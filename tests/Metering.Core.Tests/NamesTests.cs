namespace Metering.Core.Tests;

public sealed class NamesTests
{
    private static readonly string Longest = new('a', 128);

    [Theory]
    [InlineData("a")]
    [InlineData("Acme.eu_1:team-2")]
    [InlineData("-")]
    [InlineData(".")]
    public void Letters_digits_and_four_marks_make_a_name(string text)
    {
        Assert.True(Names.IsName(text));
        Assert.True(Names.IsPattern(text));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a/b")]
    [InlineData("ä")]
    [InlineData("a\n")]
    [InlineData("a\0")]
    public void Anything_else_does_not(string? text)
    {
        Assert.False(Names.IsName(text));
        Assert.False(Names.IsPattern(text));
    }

    [Fact]
    public void A_name_ends_at_its_longest()
    {
        Assert.True(Names.IsName(Longest));
        Assert.False(Names.IsName(Longest + "a"));
        Assert.True(Names.IsPattern(Longest[1..] + "*"));
        Assert.False(Names.IsPattern(Longest + "*"));
    }

    [Theory]
    [InlineData("*", true)]
    [InlineData("llm.*", true)]
    [InlineData("*llm", false)]
    [InlineData("l*m", false)]
    [InlineData("llm.**", false)]
    public void A_pattern_may_end_in_one_star(string text, bool isPattern)
    {
        Assert.Equal(isPattern, Names.IsPattern(text));
        Assert.False(Names.IsName(text));
    }
}
